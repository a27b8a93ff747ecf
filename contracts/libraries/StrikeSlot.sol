// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice One strike of an expiry with the open interest of its call and its put, in one storage slot.
///         Bits 0-63: strike in units of 1e-9 quote. Bits 64-159: open interest of the call, WAD.
///         Bits 160-255: open interest of the put, WAD.
type StrikeSlot is uint256;

using StrikeSlotLib for StrikeSlot global;

/// @title Packing of a `StrikeSlot`
/// @notice A strike reaches 1.8e10 quote in steps of 1e-9, an open interest 7.9e10 contracts in steps of 1e-18.
library StrikeSlotLib {
    /// @notice The strike is 0, above 2^64 - 1 units of 1e-9 quote, or not a whole number of them.
    error StrikeNotPackable(uint256 strikeWad);
    /// @notice The open interest is above 2^96 - 1.
    error OpenInterestNotPackable(uint256 openInterestWad);

    uint256 private constant STRIKE_UNIT = 1e9; // 1e-9 quote, in WAD
    uint256 private constant STRIKE_MASK = type(uint64).max;
    uint256 private constant OPEN_INTEREST_MASK = type(uint96).max;
    uint256 private constant CALL_SHIFT = 64;
    uint256 private constant PUT_SHIFT = 160;

    /// @notice Packs a strike and its two open interests, all in WAD; reverts when one does not fit exactly.
    function pack(uint256 strike, uint256 callInterest, uint256 putInterest) internal pure returns (StrikeSlot) {
        uint256 units = strike / STRIKE_UNIT;
        if (strike == 0 || units > STRIKE_MASK || units * STRIKE_UNIT != strike) revert StrikeNotPackable(strike);
        return StrikeSlot.wrap(units).withCall(callInterest).withPut(putInterest);
    }

    /// @notice Strike, quote WAD.
    function strikeWad(StrikeSlot slot) internal pure returns (uint256) {
        unchecked {
            return (StrikeSlot.unwrap(slot) & STRIKE_MASK) * STRIKE_UNIT;
        }
    }

    /// @notice Open interest of the call, contracts in WAD.
    function callOpenInterest(StrikeSlot slot) internal pure returns (uint256) {
        return (StrikeSlot.unwrap(slot) >> CALL_SHIFT) & OPEN_INTEREST_MASK;
    }

    /// @notice Open interest of the put, contracts in WAD.
    function putOpenInterest(StrikeSlot slot) internal pure returns (uint256) {
        return StrikeSlot.unwrap(slot) >> PUT_SHIFT;
    }

    /// @notice True when the call or the put is open.
    function hasOpenInterest(StrikeSlot slot) internal pure returns (bool) {
        return StrikeSlot.unwrap(slot) >> CALL_SHIFT != 0;
    }

    /// @notice The slot with another open interest of the call; reverts when it does not fit.
    function withCall(StrikeSlot slot, uint256 openInterest) internal pure returns (StrikeSlot) {
        return _with(slot, openInterest, CALL_SHIFT);
    }

    /// @notice The slot with another open interest of the put; reverts when it does not fit.
    function withPut(StrikeSlot slot, uint256 openInterest) internal pure returns (StrikeSlot) {
        return _with(slot, openInterest, PUT_SHIFT);
    }

    function _with(StrikeSlot slot, uint256 openInterest, uint256 shift) private pure returns (StrikeSlot) {
        if (openInterest > OPEN_INTEREST_MASK) revert OpenInterestNotPackable(openInterest);
        uint256 others = StrikeSlot.unwrap(slot) & ~(OPEN_INTEREST_MASK << shift);
        return StrikeSlot.wrap(others | (openInterest << shift));
    }
}
