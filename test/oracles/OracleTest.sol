// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The cheat codes that these tests use, as Hardhat's Solidity test runner understands them.
interface IVm {
    function warp(uint256 timestamp) external;
    function fee(uint256 baseFee) external;
}

abstract contract OracleTest {
    IVm internal constant VM = IVm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    error AssertionFailed(string what);

    function _require(bool holds, string memory what) internal pure {
        if (!holds) revert AssertionFailed(what);
    }
}
