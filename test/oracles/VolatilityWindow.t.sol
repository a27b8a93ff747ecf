// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {VolatilityWindow, VolatilityWindows} from "../../contracts/libraries/VolatilityWindow.sol";
import {MathTest} from "../math/MathTest.sol";

contract VolatilityWindowTest is MathTest {
    uint256 private constant WAD = 1e18;
    uint256 private constant LENGTH = 1 hours;
    uint256 private constant RATIO = 1.2e18;
    uint256 private constant START = 1_800_000_000;
    uint256 private constant STEPS = 24;

    /// @dev Wants to go anywhere at any time, is cut to the limits, and is compared with every value of the last hour.
    function testFuzz_Limits_NoTwoVolatilitiesWithinTheLengthAreFurtherApart(uint256 seed) public pure {
        uint256[] memory times = new uint256[](STEPS + 1);
        uint256[] memory values = new uint256[](STEPS + 1);
        (times[0], values[0]) = (START, _bound(uint256(keccak256(abi.encode(seed))), .2e18, 3e18));
        VolatilityWindow window = VolatilityWindows.open(START, values[0]);
        for (uint256 i = 1; i <= STEPS; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            times[i] = times[i - 1] + _bound(random >> 128, 1, i % 5 == 0 ? 3 hours : 25 minutes);
            window = window.roll(LENGTH, values[i - 1], times[i]);
            (uint256 lowest, uint256 highest) = window.limits(RATIO);
            uint256 wanted = _bound(random, .2e18, 3e18);
            values[i] =
                wanted < lowest
                    ? lowest
                    : wanted > highest
                        ? highest
                        : wanted;
            if (values[i] < lowest || values[i] > highest) values[i] = values[i - 1]; // no room: it stays
            window = window.include(values[i]);
            for (uint256 j; j < i; ++j) {
                // values[j] held until times[j + 1].
                if (times[j + 1] + LENGTH <= times[i]) continue;
                (uint256 low, uint256 high) = values[i] < values[j] ? (values[i], values[j]) : (values[j], values[i]);
                // Extremes are kept to 1e-4 and rounded outwards.
                _assertAtMost(high * WAD, low * RATIO + 1e32, "ratio");
            }
        }
    }

    function testFuzz_Limits_OfAFreshWindowAreTheRatioItself(uint256 x, uint256 wait) public pure {
        uint256 value = _bound(x, .2e18, 3e18);
        VolatilityWindow window = VolatilityWindows.open(START, value);
        window = window.roll(LENGTH, value, START + _bound(wait, 0, 300 days));
        (uint256 lowest, uint256 highest) = window.limits(RATIO);
        _assertClose(highest, (value * RATIO) / WAD, 1.3e14, "highest");
        _assertClose(lowest, (value * WAD) / RATIO, 1.3e14, "lowest");
        _assertAtMost(highest, (value * RATIO) / WAD, "outwards");
        _assertAtMost((value * WAD) / RATIO, lowest, "outwards");
    }

    function test_Roll_ForgetsABlockAfterTheNext() public pure {
        VolatilityWindow window = VolatilityWindows.open(START, 1e18).include(1.1e18);
        (, uint256 highest) = window.roll(LENGTH, 1.1e18, START + LENGTH).limits(RATIO);
        _assertEqual(highest, 1.2e18, "the block before counts");
        (, highest) = window.roll(LENGTH, 1.1e18, START + LENGTH).roll(LENGTH, 1.1e18, START + 2 * LENGTH).limits(
            RATIO
        );
        _assertEqual(highest, 1.32e18, "the one before that does not");
        (, highest) = window.roll(LENGTH, 1.1e18, START + 2 * LENGTH).limits(RATIO);
        _assertEqual(highest, 1.32e18, "nor in one go");
    }

    function testFuzz_Roll_KeepsTheWindowWithinItsBlock(uint256 x, uint256 wait) public pure {
        uint256 value = _bound(x, .2e18, 3e18);
        VolatilityWindow window = VolatilityWindows.open(START, value);
        VolatilityWindow same = window.roll(LENGTH, 2 * value, START + _bound(wait, 0, LENGTH - 1));
        _assertEqual(uint256(VolatilityWindow.unwrap(same)), uint256(VolatilityWindow.unwrap(window)), "same");
    }
}
