// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {StrikeSlot, StrikeSlotLib} from "../../contracts/libraries/StrikeSlot.sol";
import {MathTest} from "./MathTest.sol";

contract StrikeSlotTest is MathTest {
    function testFuzz_Pack_ReturnsWhatWentIn(uint64 units, uint96 callInterest, uint96 putInterest) public pure {
        uint256 strike = _bound(units, 1, type(uint64).max) * 1e9;
        StrikeSlot slot = StrikeSlotLib.pack(strike, callInterest, putInterest);
        _assertEqual(slot.strikeWad(), strike, "strike");
        _assertEqual(slot.callOpenInterest(), callInterest, "call");
        _assertEqual(slot.putOpenInterest(), putInterest, "put");
        _assertEqual(slot.hasOpenInterest() ? 1 : 0, callInterest | putInterest != 0 ? 1 : 0, "open");
    }

    function testFuzz_With_ChangesOneFieldOnly(
        uint64 units,
        uint96 callInterest,
        uint96 putInterest,
        uint96 next
    ) public pure {
        uint256 strike = _bound(units, 1, type(uint64).max) * 1e9;
        StrikeSlot slot = StrikeSlotLib.pack(strike, callInterest, putInterest);
        StrikeSlot byCall = StrikeSlotLib.pack(strike, next, putInterest);
        StrikeSlot byPut = StrikeSlotLib.pack(strike, callInterest, next);
        _assertEqual(StrikeSlot.unwrap(slot.withCall(next)), StrikeSlot.unwrap(byCall), "call");
        _assertEqual(StrikeSlot.unwrap(slot.withPut(next)), StrikeSlot.unwrap(byPut), "put");
    }

    function test_Pack_LayoutIsTheDocumentedOne() public pure {
        StrikeSlot slot = StrikeSlotLib.pack(3000e18, 2e18, 5e18);
        _assertEqual(StrikeSlot.unwrap(slot), 3000e9 | (2e18 << 64) | (5e18 << 160), "layout");
    }

    function testFuzz_Pack_RevertWhen_StrikeDoesNotFit(uint256 strike) public view {
        bool fits = strike != 0 && strike % 1e9 == 0 && strike / 1e9 <= type(uint64).max;
        if (fits) ++strike;
        _expectRevert(
            abi.encodeCall(this.pack, (strike, 0, 0)),
            abi.encodeWithSelector(StrikeSlotLib.StrikeNotPackable.selector, strike)
        );
    }

    function testFuzz_Pack_RevertWhen_OpenInterestDoesNotFit(uint256 x) public view {
        uint256 interest = _bound(x, uint256(type(uint96).max) + 1, type(uint256).max);
        bytes memory expected = abi.encodeWithSelector(StrikeSlotLib.OpenInterestNotPackable.selector, interest);
        _expectRevert(abi.encodeCall(this.pack, (1e18, interest, 0)), expected);
        _expectRevert(abi.encodeCall(this.pack, (1e18, 0, interest)), expected);
    }

    function test_Pack_RevertWhen_OnePastTheBoundary() public view {
        uint256 last = uint256(type(uint64).max) * 1e9;
        _assertEqual(this.pack(last, 0, 0).strikeWad(), last, "last strike");
        _expectRevert(
            abi.encodeCall(this.pack, (last + 1e9, 0, 0)),
            abi.encodeWithSelector(StrikeSlotLib.StrikeNotPackable.selector, last + 1e9)
        );
        _expectRevert(
            abi.encodeCall(this.pack, (0, 0, 0)),
            abi.encodeWithSelector(StrikeSlotLib.StrikeNotPackable.selector, 0)
        );
    }

    function pack(uint256 strike, uint256 callInterest, uint256 putInterest) external pure returns (StrikeSlot) {
        return StrikeSlotLib.pack(strike, callInterest, putInterest);
    }
}
