// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" ClearingHouse: what Ballast calls of it
/// @notice Amounts are WAD. Prices are quote per base.
interface IClearingHouse {
    /// @param isBaseToQuote True sells base (shorter), false buys it (longer).
    /// @param isExactInput With `isBaseToQuote` it says which side `amount` counts: true/true and false/false are base.
    /// @param oppositeAmountBound Bound on the other side, fee included; **0 means no bound**.
    /// @param sqrtPriceLimitX96 Where the fill stops, silently partial; 0 means nowhere.
    struct OpenPositionParams {
        address baseToken;
        bool isBaseToQuote;
        bool isExactInput;
        uint256 amount;
        uint256 oppositeAmountBound;
        uint256 deadline;
        uint160 sqrtPriceLimitX96;
        bytes32 referralCode;
    }

    /// @return base Base exchanged.
    /// @return quote Quote exchanged, fee included: what a buyer pays or a seller keeps.
    function openPosition(OpenPositionParams calldata params) external returns (uint256 base, uint256 quote);

    /// @notice Turns pending funding into owed realised profit and loss. Only the trader (or Curie's vault) may.
    function settleAllFunding(address trader) external;

    function paused() external view returns (bool);
    function getVault() external view returns (address);
    function getExchange() external view returns (address);
    function getAccountBalance() external view returns (address);
    function getClearingHouseConfig() external view returns (address);
}
