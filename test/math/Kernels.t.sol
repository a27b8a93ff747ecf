// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Exp} from "../../contracts/libraries/math/Exp.sol";
import {Ln} from "../../contracts/libraries/math/Ln.sol";
import {MillsRatio} from "../../contracts/libraries/math/MillsRatio.sol";
import {NormalDistribution} from "../../contracts/libraries/math/NormalDistribution.sol";
import {Sqrt} from "../../contracts/libraries/math/Sqrt.sol";
import {MathTest} from "./MathTest.sol";
import {PlainExp} from "./reference/PlainExp.sol";
import {PlainLn} from "./reference/PlainLn.sol";
import {PlainMillsRatio} from "./reference/PlainMillsRatio.sol";
import {PlainSqrt} from "./reference/PlainSqrt.sol";

contract KernelsTest is MathTest {
    uint256 private constant ONE_Q96 = 1 << 96;

    function testFuzz_Sqrt_IsThePlainRoot(uint256 seed) public pure {
        uint256 n = _logBound(seed, 0, 256);
        uint256 exact = PlainSqrt.sqrt(n);
        uint256 root = Sqrt.sqrt(n);
        _assertAtMost(exact, root + 1, "root below the exact one");
        _assertAtMost(root, exact + (exact >> 76) + 1, "root above the exact one");
    }

    function test_Sqrt_Boundaries() public pure {
        _assertEqual(Sqrt.sqrt(0), 0, "sqrt(0)");
        _assertEqual(Sqrt.sqrt(1), 1, "sqrt(1)");
        _assertEqual(Sqrt.sqrt(4), 2, "sqrt(4)");
        _assertEqual(Sqrt.sqrt(1 << 192), ONE_Q96, "sqrt(2^192)");
        _assertClose(Sqrt.sqrt(type(uint256).max), type(uint128).max, 1 << 52, "sqrt(max)");
    }

    function testFuzz_Ln_EqualsPlainReference(uint256 a, uint256 b) public pure {
        uint256 numerator = _logBound(a, 0, 222);
        uint256 denominator = _logBound(b, 0, 128);
        _assertEqual(Ln.ratio(numerator, denominator), PlainLn.ratio(numerator, denominator), "ln");
    }

    function testFuzz_Ln_IsZeroForEqualArguments(uint256 x) public pure {
        uint256 y = _logBound(x, 0, 128);
        _assertEqual(Ln.ratio(y, y), int256(0), "ln(1)");
    }

    function testFuzz_Ln_ChangesSignWithTheRatio(uint256 a, uint256 b) public pure {
        uint256 numerator = _logBound(a, 0, 128);
        uint256 denominator = _logBound(b, 0, 128);
        // 1e-19 is 2^33 units of 2^-96.
        _assertClose(Ln.ratio(numerator, denominator), -Ln.ratio(denominator, numerator), 1 << 34, "ln(1/x)");
    }

    function testFuzz_Exp_EqualsPlainReference(int256 x) public pure {
        int256 xQ96 = _bound(x, -(1 << 104), 1 << 103);
        (uint256 mantissa, int256 exponent) = Exp.parts(xQ96);
        (uint256 plainMantissa, int256 plainExponent) = PlainExp.parts(xQ96);
        _assertEqual(mantissa, plainMantissa, "mantissa");
        _assertEqual(exponent, plainExponent, "exponent");
    }

    function testFuzz_Exp_InvertsLn(uint256 x) public pure {
        uint256 yQ96 = _logBound(x, 60, 127);
        uint256 back = Exp.exp(Ln.ratio(yQ96, ONE_Q96));
        _assertClose(back, yQ96, (yQ96 >> 60) + 1, "exp(ln(y))");
    }

    function test_Exp_Boundaries() public pure {
        _assertEqual(Exp.exp(0), ONE_Q96, "e^0");
        _assertEqual(Exp.exp(-(100 << 96)), 0, "e^-100 in Q96");
        _assertEqual(Exp.exp(-(1 << 157)), 0, "the least argument");
        // e^22 = 3584912846.131591...
        _assertClose(Exp.exp(22 << 96), 284026057572787639713157214073863679486, 1 << 67, "e^22");
    }

    function testFuzz_MillsRatio_EqualsPlainReference(uint256 x) public pure {
        uint256 xQ64 = _logBound(x, 0, 72);
        _assertEqual(MillsRatio.ratio(xQ64), PlainMillsRatio.ratio(xQ64), "Mills ratio");
    }

    function testFuzz_MillsRatio_Falls(uint256 x, uint256 step) public pure {
        uint256 a = _bound(x, 0, (256 << 64) - 2);
        uint256 b = _bound(step, a, (256 << 64) - 1);
        _assertAtMost(MillsRatio.ratio(b), MillsRatio.ratio(a) + 1, "R(x) rises");
    }

    function testFuzz_NormalCdf_IsMonotone(int256 x, uint256 step) public pure {
        int256 a = _bound(x, -10e18, 10e18);
        int256 b = a + int256(_bound(step, 1e13, 1e18));
        _assertAtMost(NormalDistribution.cdf(a), NormalDistribution.cdf(b), "N(x) falls");
    }

    function testFuzz_NormalCdf_IsSymmetric(int256 x) public pure {
        int256 a = _bound(x, -20e18, 20e18);
        uint256 both = NormalDistribution.cdf(a) + NormalDistribution.cdf(-a);
        // At 0 both sides are the upper one, 1e-18 above a half.
        _assertEqual(both, a == 0 ? 1e18 + 2 : 1e18, "N(x) + N(-x)");
    }

    function test_NormalCdf_Boundaries() public pure {
        _assertClose(NormalDistribution.cdf(0), 0.5e18, 1, "N(0)");
        _assertEqual(NormalDistribution.cdf(16e18), 1e18, "N(16)");
        _assertEqual(NormalDistribution.cdf(-16e18), 0, "N(-16)");
        _assertEqual(NormalDistribution.cdf(-16e18 + 1), 0, "N(-16 + 1e-18)");
        _assertEqual(NormalDistribution.cdf(type(int256).max), 1e18, "N(max)");
        _assertEqual(NormalDistribution.cdf(type(int256).min), 0, "N(min)");
    }
}
