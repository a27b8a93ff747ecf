// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {RawMath} from "../../contracts/libraries/math/RawMath.sol";
import {MathTest} from "./MathTest.sol";

/// @notice Each instruction against what plain Solidity makes of it.
contract RawMathTest is MathTest {
    function testFuzz_Div_IsDivisionAndZeroByZero(uint256 x, uint256 y) public pure {
        _assertEqual(RawMath.div(x, y), y == 0 ? 0 : x / y, "div");
        _assertEqual(RawMath.div(x, 0), 0, "div by 0");
    }

    function testFuzz_Sdiv_IsDivisionAndZeroByZero(int256 x, uint256 y) public pure {
        y = _bound(y, 0, uint256(type(int256).max));
        _assertEqual(RawMath.sdiv(x, y), y == 0 ? int256(0) : x / int256(y), "sdiv");
        _assertEqual(RawMath.sdiv(x, 0), int256(0), "sdiv by 0");
    }

    function testFuzz_Min_IsTheSmaller(uint256 x, uint256 y) public pure {
        _assertEqual(RawMath.min(x, y), x < y ? x : y, "min");
        _assertEqual(RawMath.min(x, x), x, "min of equals");
    }

    function testFuzz_LeadingZeros_CountsThem(uint256 x, uint256 bits) public pure {
        x >>= _bound(bits, 0, 256);
        uint256 zeros = 256;
        for (uint256 rest = x; rest != 0; rest >>= 1) --zeros;
        _assertEqual(RawMath.leadingZeros(x), zeros, "clz");
    }
}
