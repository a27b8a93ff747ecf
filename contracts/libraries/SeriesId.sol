// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The number that names an option series
/// @notice A series is expiry × strike × side, and its id says all three, so that a wallet, a script or a contract can
///         read an option from its token id alone: bits 0–63 strike in units of 1e-9 quote, bit 64 set for a call,
///         bits 65–104 expiry in unix seconds. Every id has exactly one meaning; higher bits must be zero.
library SeriesId {
    uint256 private constant STRIKE_UNIT = 1e9; // 1e-9 quote, in WAD, as in {StrikeSlot}

    /// @notice Bits outside the layout are set.
    error MalformedSeriesId(uint256 id);

    /// @param expiry Unix seconds, below 2^40.
    /// @param strike Quote WAD, one that {StrikeSlot} can hold.
    function encode(uint256 expiry, uint256 strike, bool isCall) internal pure returns (uint256 id) {
        id = (expiry << 65) | (isCall ? 1 << 64 : 0) | (strike / STRIKE_UNIT);
    }

    function decode(uint256 id) internal pure returns (uint256 expiry, uint256 strike, bool isCall) {
        if (id >> 105 != 0) revert MalformedSeriesId(id);
        expiry = id >> 65;
        strike = uint64(id) * STRIKE_UNIT;
        isCall = (id >> 64) & 1 == 1;
    }
}
