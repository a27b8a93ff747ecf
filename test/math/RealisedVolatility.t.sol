// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {RealisedVolatility} from "../../contracts/libraries/RealisedVolatility.sol";
import {MathTest} from "./MathTest.sol";

contract RealisedVolatilityTest is MathTest {
    uint256 private constant DECAY = RealisedVolatility.DECAY_10_DAYS;
    uint256 private constant WAD = 1e18;

    function test_Update_OneReturn() public pure {
        // ln(1.01)^2 * 8760 = .867319..., of which 1 - decay = .0028839... counts; mpmath, 25 digits.
        uint256 variance = RealisedVolatility.update(.49e18, 3_000e18, 3_030e18, DECAY);
        _assertClose(variance, 491088169534748750, 1, "variance");
    }

    function testFuzz_Update_WithoutAMoveDecays(uint256 v, uint256 p) public pure {
        uint256 variance = _bound(v, 0, 1e24);
        uint256 price = _logBound(p, 0, 128);
        uint256 next = RealisedVolatility.update(variance, price, price, DECAY);
        _assertClose(next, (variance * DECAY) / WAD, 1, "decayed");
    }

    function test_Update_HalvesInTenDays() public pure {
        uint256 variance = 1e18;
        for (uint256 hour = 0; hour < 240; ++hour) variance = RealisedVolatility.update(variance, 1, 1, DECAY);
        _assertClose(variance, .5e18, 300, "half");
    }

    function testFuzz_Update_ForgetsAllOrNothing(uint256 v, uint256 a, uint256 b) public pure {
        uint256 variance = _bound(v, 0, 1e24);
        uint256 previous = _logBound(a, 0, 128);
        uint256 price = _logBound(b, 0, 128);
        _assertEqual(RealisedVolatility.update(variance, previous, price, WAD), variance, "decay 1");
        uint256 sample = RealisedVolatility.update(0, previous, price, 0);
        _assertEqual(RealisedVolatility.update(variance, previous, price, 0), sample, "decay 0");
    }

    function testFuzz_Update_IsTheSameForRiseAndFall(uint256 v, uint256 a, uint256 b) public pure {
        uint256 variance = _bound(v, 0, 1e24);
        uint256 low = _logBound(a, 20, 100);
        uint256 high = low + (_bound(b, 0, 1e6) * low) / 1e6;
        uint256 rise = RealisedVolatility.update(variance, low, high, DECAY);
        uint256 fall = RealisedVolatility.update(variance, high, low, DECAY);
        _assertClose(rise, fall, 1, "sign of the return");
    }

    function testFuzz_Update_StaysBetweenPastAndSample(uint256 v, uint256 a, uint256 b, uint256 d) public pure {
        uint256 variance = _bound(v, 0, 1e24);
        uint256 previous = _logBound(a, 60, 90);
        uint256 price = _logBound(b, 60, 90);
        uint256 decay = _bound(d, 0, WAD);
        uint256 sample = RealisedVolatility.update(0, previous, price, 0);
        uint256 next = RealisedVolatility.update(variance, previous, price, decay);
        (uint256 low, uint256 high) = variance < sample ? (variance, sample) : (sample, variance);
        _assertAtMost(low, next + 2, "below both");
        _assertAtMost(next, high + 2, "above both");
    }

    function testFuzz_Update_DoesNotDependOnTheScaleOfPrices(uint256 a, uint256 b) public pure {
        uint256 previous = _logBound(a, 60, 80);
        uint256 price = _logBound(b, 60, 80);
        uint256 plain = RealisedVolatility.update(.25e18, previous, price, DECAY);
        uint256 scaled = RealisedVolatility.update(.25e18, previous * 1e10, price * 1e10, DECAY);
        _assertClose(plain, scaled, plain / 1e15 + 1, "scale");
    }

    function test_Update_TheLargestMoveFits() public pure {
        uint256 variance = RealisedVolatility.update(0, 1, 1 << 128, 0);
        // (128 * ln(2))^2 * 8760
        _assertClose(variance / 1e6, 68956461497113714361, 100, "rise");
        _assertClose(RealisedVolatility.update(0, 1 << 128, 1, 0) / 1e6, 68956461497113714361, 100, "fall");
    }

    function testFuzz_Volatility_SquaresBack(uint256 v) public pure {
        uint256 variance = _logBound(v, 0, 90);
        uint256 volatility = RealisedVolatility.volatility(variance);
        _assertAtMost(volatility * volatility, variance * WAD + (variance * WAD) / 1e20, "too much");
        _assertAtMost(variance * WAD, (volatility + 2) ** 2, "too little");
    }

    function testFuzz_Update_RevertWhen_PriceIsOutside(uint256 x, uint256 good) public view {
        uint256 bad = _bound(x, (1 << 128) + 1, type(uint256).max);
        uint256 price = _logBound(good, 0, 128);
        _expectPriceRevert(bad, price, bad);
        _expectPriceRevert(price, bad, bad);
        _expectPriceRevert(0, price, 0);
        _expectPriceRevert(price, 0, 0);
    }

    function testFuzz_Update_RevertWhen_DecayIsAboveOne(uint256 x) public view {
        uint256 decay = _bound(x, WAD + 1, type(uint256).max);
        _expectRevert(
            abi.encodeCall(this.update, (1e18, 1, 1, decay)),
            abi.encodeWithSelector(RealisedVolatility.DecayOutOfRange.selector, decay)
        );
    }

    function update(
        uint256 variance,
        uint256 previousPrice,
        uint256 price,
        uint256 decay
    ) external pure returns (uint256) {
        return RealisedVolatility.update(variance, previousPrice, price, decay);
    }

    function _expectPriceRevert(uint256 previousPrice, uint256 price, uint256 reported) private view {
        _expectRevert(
            abi.encodeCall(this.update, (1e18, previousPrice, price, DECAY)),
            abi.encodeWithSelector(RealisedVolatility.PriceOutOfRange.selector, reported)
        );
    }
}
