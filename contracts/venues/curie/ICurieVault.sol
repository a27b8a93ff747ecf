// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" Vault: what Ballast calls of it
/// @notice Amounts are units of the token named.
interface ICurieVault {
    function deposit(address token, uint256 amount) external;
    function withdraw(address token, uint256 amount) external;

    function paused() external view returns (bool);
    function getSettlementToken() external view returns (address);
    /// @notice Settlement token credited to `trader`: no funding, no profit or loss that is not yet settled here.
    function getBalance(address trader) external view returns (int256);
}
