// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Svi, SviSlice} from "../../contracts/libraries/Svi.sol";
import {PlainSqrt} from "./reference/PlainSqrt.sol";
import {MathTest} from "./MathTest.sol";

contract SviTest is MathTest {
    uint256 private constant WEEK = 7 days;
    int256 private constant ONE_Q96 = 1 << 96;

    function test_Pack_LayoutIsTheDocumentedOne() public pure {
        SviSlice slice = Svi.pack(Svi.Fields(-1, 2, -3, -4, 5, 6, 7, 8));
        uint256 expected =
            (2 ** 40 - 1) |
                (2 << 40) |
                ((2 ** 24 - 3) << 88) |
                ((2 ** 32 - 4) << 112) |
                (5 << 144) |
                (6 << 176) |
                (7 << 208) |
                (8 << 240);
        _assertEqual(SviSlice.unwrap(slice), expected, "layout");
    }

    function testFuzz_Unpack_ReturnsWhatWentIn(uint256 word) public pure {
        SviSlice slice = SviSlice.wrap(word);
        _assertEqual(SviSlice.unwrap(Svi.pack(slice.unpack())), word, "word");
        Svi.Fields memory fields = slice.unpack();
        _assertEqual(slice.postedAt(), fields.postedAt, "postedAt");
        _assertEqual(slice.atTheMoneyVolatility(), uint256(fields.atTheMoneyVolatility) * 1e12, "at the money");
        _assertEqual(slice.spread(), uint256(fields.spread) * 1e14, "spread");
    }

    function test_Volatility_KnownValues() public pure {
        // a = .1, b = 2, rho = -.3, m = .01, sigma = .1; mpmath, 20 digits.
        SviSlice slice = _slice();
        _assertClose(slice.volatility(-ONE_Q96), 1654048621883528698, 1, "k = -1");
        _assertClose(slice.volatility(0), 554073562284303369, 1, "k = 0");
        _assertClose(slice.volatility(ONE_Q96), 1223141600738409895, 1, "k = 1");
    }

    function testFuzz_Variance_EqualsThePlainFormula(uint256 seed, int256 k) public pure {
        SviSlice slice = _randomSlice(seed);
        int256 kQ96 = _bound(k, -4 * ONE_Q96, 4 * ONE_Q96);
        _assertClose(slice.variance(kQ96), _plainVariance(slice, kQ96), 1 << 32, "variance");
    }

    function testFuzz_Volatility_IsTheRootOfVariance(uint256 seed, int256 k) public pure {
        SviSlice slice = _randomSlice(seed);
        int256 kQ96 = _bound(k, -4 * ONE_Q96, 4 * ONE_Q96);
        uint256 root = slice.volatility(kQ96);
        uint256 square = (uint256(slice.variance(kQ96)) * 1e36) >> 96;
        _assertAtMost(root * root, square + (square >> 70), "too much");
        _assertAtMost(square, (root + 2) ** 2, "too little");
    }

    function testFuzz_Volatility_AnswersForAnyWord(uint256 word, int256 k) public pure {
        int256 kQ96 = _bound(k, -128 * ONE_Q96, 128 * ONE_Q96);
        // 2 * (549 + 281474 * (8.4 + 1) * 150) = 7.9e8 is the largest variance that fits the slot.
        _assertAtMost(SviSlice.wrap(word).volatility(kQ96), 28_200e18, "volatility");
    }

    function test_Volatility_IsZeroWhereAnUncheckedSliceIsNegative() public pure {
        SviSlice slice = Svi.pack(Svi.Fields(-1e9, 1e9, 0, 0, 1e7, 0, 0, 0));
        _assertEqual(slice.volatility(0), 0, "negative variance");
        _assertAtMost(1, int256(slice.volatility(2 * ONE_Q96)), "positive further out");
    }

    function testFuzz_Derivatives_EqualFiniteDifferences(uint256 seed, int256 k) public pure {
        SviSlice slice = _randomSlice(seed);
        int256 kQ96 = _bound(k, -2 * ONE_Q96, 2 * ONE_Q96);
        int256 step = ONE_Q96 / 1e5;
        (int256 v, int256 first, int256 second) = slice.derivatives(kQ96);
        _assertEqual(v, slice.variance(kQ96), "variance");
        int256 up = slice.variance(kQ96 + step);
        int256 down = slice.variance(kQ96 - step);
        // Differences err by step^2 times the next derivatives, b / sigma^2 and b / sigma^3, with sigma >= .05, b <= 4.
        _assertClose((up - down) * 5e4, first, uint256(ONE_Q96) / 1e6, "first");
        _assertClose((up - 2 * v + down) * 1e10, second, uint256(ONE_Q96) / 1e4, "second");
    }

    function testFuzz_Derivatives_AnswerForAnyWord(uint256 word, int256 k) public pure {
        int256 kQ96 = _bound(k, -128 * ONE_Q96, 128 * ONE_Q96);
        (, , int256 second) = SviSlice.wrap(word).derivatives(kQ96);
        _assertAtMost(0, second, "convex");
    }

    function testFuzz_Volatility_RevertWhen_LogMoneynessIsOutside(uint256 x) public view {
        int256 k = int256(_bound(x, uint256(128 * ONE_Q96) + 1, uint256(type(int256).max)));
        bytes memory expected = abi.encodeWithSelector(Svi.LogMoneynessOutOfRange.selector, k);
        _expectRevert(abi.encodeCall(this.volatility, (_slice(), k)), expected);
        expected = abi.encodeWithSelector(Svi.LogMoneynessOutOfRange.selector, -k);
        _expectRevert(abi.encodeCall(this.volatility, (_slice(), -k)), expected);
    }

    function test_Check_AcceptsAPlainSlice() public pure {
        _assertViolation(_slice(), WEEK, Svi.Violation.None);
        _assertViolation(_slice(), 0, Svi.Violation.None);
        // A flat smile.
        _assertViolation(Svi.pack(Svi.Fields(.49e9, 0, 0, 0, 1, 0, 0, 0)), WEEK, Svi.Violation.None);
    }

    function testFuzz_Check_RefusesACorrelationOfOneOrMore(int24 rho) public pure {
        Svi.Fields memory fields = _slice().unpack();
        fields.rho = rho;
        bool isCorrelation = rho > -1e6 && rho < 1e6;
        (Svi.Violation violation, ) = Svi.pack(fields).check(1 hours);
        _assertEqual(violation == Svi.Violation.Correlation ? 0 : 1, isCorrelation ? 1 : 0, "refused");
    }

    function test_Check_RefusesACorrelationAtTheBoundary() public pure {
        Svi.Fields memory fields = _slice().unpack();
        fields.rho = 1e6;
        _assertViolation(Svi.pack(fields), WEEK, Svi.Violation.Correlation);
        fields.rho = -1e6;
        _assertViolation(Svi.pack(fields), WEEK, Svi.Violation.Correlation);
        fields.rho = 999_999;
        _assertViolation(Svi.pack(fields), WEEK, Svi.Violation.None);
    }

    function test_Check_RefusesAKink() public pure {
        Svi.Fields memory fields = _slice().unpack();
        fields.sigma = 0;
        _assertViolation(Svi.pack(fields), WEEK, Svi.Violation.Curvature);
    }

    function testFuzz_Check_RefusesAMinimumThatIsNotPositive(uint256 seed) public pure {
        Svi.Fields memory fields = _randomSlice(seed).unpack();
        // -b * sigma * sqrt(1 - rho^2), in units of a: the largest a that is refused.
        uint256 root = PlainSqrt.sqrt((1e12 - uint256(int256(fields.rho) * fields.rho)) * 1e24);
        int256 least = -int256((uint256(fields.b) * fields.sigma * root) / 1e26);
        fields.a = int40(least - 1);
        _assertViolation(Svi.pack(fields), WEEK, Svi.Violation.Minimum);
        fields.a = int40(least + 1);
        (Svi.Violation violation, ) = Svi.pack(fields).check(WEEK);
        _assertEqual(violation == Svi.Violation.Minimum ? 1 : 0, 0, "just positive");
    }

    function testFuzz_Check_AnswersForAnyWordAndTime(uint256 word, uint64 secondsToExpiry) public pure {
        (Svi.Violation violation, int256 k) = SviSlice.wrap(word).check(secondsToExpiry);
        if (violation != Svi.Violation.Butterfly) _assertEqual(k, 0, "k is of a point");
        (violation, k) = Svi.checkCalendar(SviSlice.wrap(word), secondsToExpiry, SviSlice.wrap(~word), secondsToExpiry);
        if (violation != Svi.Violation.Calendar) _assertEqual(k, 0, "k is of a point");
    }

    function testFuzz_Check_AnswersForTheNarrowestTurns(uint40 depth, uint32 sigma, uint48 b, uint64 time) public pure {
        // The least variance is one to a few units, next to nothing, with wings of any steepness.
        Svi.Fields memory fields = Svi.Fields(0, b, 0, 0, uint32(_bound(sigma, 1, type(uint32).max)), 0, 0, 0);
        uint256 rise = (uint256(b) * fields.sigma) / 1e8;
        if (rise > 5e11) return;
        fields.a = int40(int256(_bound(depth, 1, 4)) - int256(rise));
        (Svi.Violation violation, ) = Svi.pack(fields).check(time);
        _assertEqual(violation == Svi.Violation.Minimum ? 1 : 0, 0, "at least one unit");
    }

    function test_Check_PointsEndWhereLogMoneynessDoes() public pure {
        // Eight widths of 42 are 336, beyond the largest k of 128, on both sides.
        SviSlice slice = Svi.pack(Svi.Fields(.5e9, 1e6, 0, 21e8, 42e8, 0, 0, 0));
        _assertViolation(slice, WEEK, Svi.Violation.None);
    }

    function test_Derivatives_AtAKinkHaveTheMeanSlopeOfTheWings() public pure {
        SviSlice slice = Svi.pack(Svi.Fields(.1e9, 2e9, -.3e6, 0, 0, 0, 0, 0));
        (int256 v, int256 first, int256 second) = slice.derivatives(0);
        _assertClose(v, ONE_Q96 / 10, 1, "variance");
        _assertClose(first, (-6 * ONE_Q96) / 10, 1, "first");
        _assertEqual(second, 0, "second");
    }

    function test_Check_RefusesAMinimumOfExactlyZero() public pure {
        SviSlice slice = Svi.pack(Svi.Fields(-.1e9, 1e9, 0, 0, .1e8, 0, 0, 0));
        _assertViolation(slice, WEEK, Svi.Violation.Minimum);
        slice = Svi.pack(Svi.Fields(-.1e9 + 1, 1e9, 0, 0, .1e8, 0, 0, 0));
        (Svi.Violation violation, ) = slice.check(WEEK);
        _assertEqual(violation == Svi.Violation.Minimum ? 1 : 0, 0, "one unit above");
    }

    function test_Check_RefusesWingsAboveLeesBound() public pure {
        // T * b * (1 + |rho|) = 2 exactly: a year, b = 1.6, rho = -.25.
        Svi.Fields memory fields = Svi.Fields(1e9, 1.6e9, -.25e6, 0, 1e8, 0, 0, 0);
        (Svi.Violation violation, ) = Svi.pack(fields).check(365 days);
        _assertEqual(violation == Svi.Violation.WingSlope ? 1 : 0, 0, "at the bound");
        _assertViolation(Svi.pack(fields), 365 days + 1, Svi.Violation.WingSlope);
        fields.b += 1;
        _assertViolation(Svi.pack(fields), 365 days, Svi.Violation.WingSlope);
    }

    function test_Check_RefusesANegativeDensity() public pure {
        // Vogt's slice (Gatheral and Jacquier 2014, figure 1), within Lee's bound, with a density below 0 at k = .8.
        SviSlice slice = Svi.pack(Svi.Fields(-.041e9, .1331e9, .306e6, .3586e8, .4153e8, 0, 0, 0));
        (Svi.Violation violation, int256 k) = slice.check(365 days);
        _assertEqual(uint256(violation), uint256(Svi.Violation.Butterfly), "Vogt");
        _assertAtMost(slice.durrleman(365 days, k), -1, "where it says");
    }

    function testFuzz_Durrleman_IsOneForAFlatSmile(uint256 x, int256 k) public pure {
        uint256 units = _bound(x, 1e6, 25e9);
        SviSlice slice = Svi.pack(Svi.Fields(int40(uint40(units)), 0, 0, 0, 1, 0, 0, 0));
        _assertEqual(slice.durrleman(WEEK, _bound(k, -2 * ONE_Q96, 2 * ONE_Q96)), 1 << 64, "g");
    }

    function testFuzz_CheckCalendar_AcceptsTheSameSliceLater(uint256 seed, uint256 a, uint256 b) public pure {
        SviSlice slice = _randomSlice(seed);
        uint256 near = _bound(a, 0, 28 days);
        uint256 far = near + _bound(b, 0, 28 days);
        (Svi.Violation violation, ) = Svi.checkCalendar(slice, near, slice, far);
        _assertEqual(uint256(violation), 0, "same slice");
    }

    function testFuzz_CheckCalendar_RefusesTheSameSliceEarlier(uint256 seed, uint256 a, uint256 b) public pure {
        SviSlice slice = _randomSlice(seed);
        uint256 far = _bound(a, 0, 28 days);
        uint256 near = far + _bound(b, 1, 28 days);
        (Svi.Violation violation, ) = Svi.checkCalendar(slice, near, slice, far);
        _assertEqual(uint256(violation), uint256(Svi.Violation.CalendarWing), "same slice, earlier");
    }

    function testFuzz_CheckCalendar_RefusesLessTotalVariance(uint256 seed, uint256 down) public pure {
        SviSlice near = _randomSlice(seed);
        Svi.Fields memory fields = near.unpack();
        fields.a -= int40(uint40(_bound(down, 1, 1e7)));
        // The same wings, and less between them.
        (Svi.Violation violation, int256 k) = Svi.checkCalendar(near, WEEK, Svi.pack(fields), WEEK);
        _assertEqual(uint256(violation), uint256(Svi.Violation.Calendar), "lower");
        _assertEqual(k, (near.unpack().m * ONE_Q96) / 1e8, "at the first point");
    }

    function test_CheckCalendar_RefusesAFlatterWingOnEitherSide() public pure {
        Svi.Fields memory fields = _slice().unpack();
        fields.a += 1e9;
        fields.rho -= 1;
        (Svi.Violation violation, ) = Svi.checkCalendar(_slice(), WEEK, Svi.pack(fields), WEEK);
        _assertEqual(uint256(violation), uint256(Svi.Violation.CalendarWing), "right");
        fields.rho += 2;
        (violation, ) = Svi.checkCalendar(_slice(), WEEK, Svi.pack(fields), WEEK);
        _assertEqual(uint256(violation), uint256(Svi.Violation.CalendarWing), "left");
        fields.rho -= 1;
        (violation, ) = Svi.checkCalendar(_slice(), WEEK, Svi.pack(fields), WEEK);
        _assertEqual(uint256(violation), 0, "equal wings");
    }

    function test_CheckCalendar_LooksWhereTheLaterSliceTurns() public pure {
        // The later slice dips narrowly at .5, where the earlier one has no point.
        SviSlice near = Svi.pack(Svi.Fields(.5e9, .1e9, 0, 0, .01e8, 0, 0, 0));
        SviSlice far = Svi.pack(Svi.Fields(.40e9, .5e9, 0, .33e8, .01e8, 0, 0, 0));
        (Svi.Violation violation, int256 k) = Svi.checkCalendar(near, WEEK, far, WEEK);
        _assertEqual(uint256(violation), uint256(Svi.Violation.Calendar), "dip");
        _assertAtMost(far.variance(k), near.variance(k) - 1, "where it says");
    }

    function volatility(SviSlice slice, int256 kQ96) external pure returns (uint256) {
        return slice.volatility(kQ96);
    }

    function _assertViolation(SviSlice slice, uint256 secondsToExpiry, Svi.Violation expected) private pure {
        (Svi.Violation violation, ) = slice.check(secondsToExpiry);
        _assertEqual(uint256(violation), uint256(expected), "violation");
    }

    /// @dev a = .1, b = 2, rho = -.3, m = .01, sigma = .1.
    function _slice() private pure returns (SviSlice) {
        return Svi.pack(Svi.Fields(.1e9, 2e9, -.3e6, .01e8, .1e8, 0, 0, 0));
    }

    /// @dev a to 1, b from .01 to 4, rho within .95, m within .5, sigma from .05 to 1.
    function _randomSlice(uint256 seed) private pure returns (SviSlice) {
        return
            Svi.pack(
                Svi.Fields({
                    a: int40(uint40(_bound(uint256(keccak256(abi.encode(seed, 1))), .05e9, 1e9))),
                    b: uint48(_bound(uint256(keccak256(abi.encode(seed, 2))), .01e9, 4e9)),
                    rho: int24(_bound(int256(uint256(keccak256(abi.encode(seed, 3)))), -.95e6, .95e6)),
                    m: int32(_bound(int256(uint256(keccak256(abi.encode(seed, 4)))), -.5e8, .5e8)),
                    sigma: uint32(_bound(uint256(keccak256(abi.encode(seed, 5))), .05e8, 1e8)),
                    postedAt: 0,
                    atTheMoneyVolatility: 0,
                    spread: 0
                })
            );
    }

    /// @dev The formula with an exact root and checked arithmetic, Q96.
    function _plainVariance(SviSlice slice, int256 kQ96) private pure returns (int256) {
        Svi.Fields memory f = slice.unpack();
        int256 x = kQ96 - (int256(f.m) * ONE_Q96) / 1e8;
        int256 sigma = (int256(uint256(f.sigma)) * ONE_Q96) / 1e8;
        int256 root = int256(PlainSqrt.sqrt(uint256(x * x + sigma * sigma)));
        int256 hyperbola = (int256(f.rho) * x) / 1e6 + root;
        return (int256(f.a) * ONE_Q96) / 1e9 + (int256(uint256(f.b)) * hyperbola) / 1e9;
    }
}
