// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {ImpulseBand} from "../../contracts/libraries/ImpulseBand.sol";
import {Ln} from "../../contracts/libraries/math/Ln.sol";
import {MathTest} from "./MathTest.sol";

contract ImpulseBandTest is MathTest {
    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 31_536_000;
    uint256 private constant ONE_Q96 = 1 << 96;

    /// @dev What markets show: gamma 1e-6 to 1,000, costs 1e-7 to 10 %, fixed cost 1e-9 to 10 % of notional, a 1 to 1e4.
    struct Terms {
        uint256 gamma;
        uint256 cost;
        uint256 fixedCost;
        uint256 aversion;
    }

    function test_OfContract_TheExampleOfThePolicy() public pure {
        // S = 3000, volatility 70 %, 7 days at the money: S * gamma = 4.1105438997716218; C / (N * S) = .5 / 150000.
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(4.1105438997716218e18, 5e14, 3333333333333, 100e18);
        _assertClose(outer, .072868797526e18, 3e10, "H");
        _assertClose(inner, .032888143436e18, 3e10, "h");
    }

    function testFuzz_OfContract_SolvesItsEquation(uint256 a, uint256 b, uint256 c, uint256 d) public pure {
        Terms memory t = _terms(a, b, c, d);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, t.cost, t.fixedCost, t.aversion);
        uint256 ratio = outer - inner;
        // Where E = H / h - 1 has its digits: 9 ln(E) = ln(Q) + 4 ln(1+E) + ln(2+E), times h and not divided.
        if (inner < 1e9 || ratio < 1e9) return;
        int256 left = 9 * Ln.ratio(ratio, inner);
        int256 lnQ =
            Ln.ratio(64, 3) +
                3 * Ln.ratio(t.fixedCost, t.cost) -
                Ln.ratio(t.cost, WAD) -
                2 * Ln.ratio(t.gamma, WAD) +
                Ln.ratio(t.aversion, WAD);
        int256 right = lnQ + 4 * Ln.ratio(outer, inner) + Ln.ratio(outer + inner, inner);
        _assertClose(left, right, ONE_Q96 / 1e7, "9 ln(E)");
        // H^3 * (2 + E) / (1 + E)^2 = H * h * (H + h) = 3 * G^2 * lambda / a
        int256 product = Ln.ratio(outer, WAD) + Ln.ratio(inner, WAD) + Ln.ratio(outer + inner, WAD);
        int256 size = Ln.ratio(3, 1) + 2 * Ln.ratio(t.gamma, WAD) + Ln.ratio(t.cost, t.aversion);
        _assertClose(product, size, ONE_Q96 / 1e8, "H * h * (H + h)");
    }

    function testFuzz_OfContract_IsWhalleyWilmottWithoutFixedCost(uint256 a, uint256 b, uint256 d) public pure {
        Terms memory t = _terms(a, b, 0, d);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, t.cost, 0, t.aversion);
        _assertEqual(outer, inner, "H = h");
        if (outer < 1e9) return;
        // H^3 = 3/2 * lambda * G^2 / a
        int256 cube = Ln.ratio(3, 2) + Ln.ratio(t.cost, t.aversion) + 2 * Ln.ratio(t.gamma, WAD);
        _assertClose(3 * Ln.ratio(outer, WAD), cube, ONE_Q96 / 1e8, "H^3");
    }

    function testFuzz_OfContract_IsTheFixedCostLimitWithoutProportionalCost(
        uint256 a,
        uint256 c,
        uint256 d
    ) public pure {
        Terms memory t = _terms(a, 0, c, d);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, 0, t.fixedCost, t.aversion);
        _assertEqual(inner, 0, "h");
        if (outer < 1e9) return;
        // H^4 = 12 * f * G^2 / a
        int256 power = Ln.ratio(12, 1) + Ln.ratio(t.fixedCost, t.aversion) + 2 * Ln.ratio(t.gamma, WAD);
        _assertClose(4 * Ln.ratio(outer, WAD), power, ONE_Q96 / 1e8, "H^4");
    }

    function testFuzz_OfContract_IsContinuousAtBothLimits(uint256 a, uint256 b, uint256 c, uint256 d) public pure {
        Terms memory t = _terms(a, b, c, d);
        // The least proportional cost: E is above 1e6 in the whole range, and H differs from its limit by less than 1/E.
        (uint256 limit, ) = ImpulseBand.ofContract(t.gamma, 0, t.fixedCost, t.aversion);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, 1, t.fixedCost, t.aversion);
        _assertClose(outer, limit, limit / 1e6 + 1, "H at lambda = 0");
        _assertAtMost(inner, outer / 1e6 + 1, "h at lambda = 0");
        // The least fixed cost, with a proportional cost above 1e-4 and a gamma above .01: E is below .01.
        uint256 cost = t.cost + 1e14;
        uint256 gamma = t.gamma + 1e16;
        (limit, ) = ImpulseBand.ofContract(gamma, cost, 0, t.aversion);
        (outer, inner) = ImpulseBand.ofContract(gamma, cost, 1, t.aversion);
        _assertClose(outer, limit, limit / 100, "H at f = 0");
        _assertClose(inner, limit, limit / 100, "h at f = 0");
    }

    function testFuzz_OfContract_WhalleyWilmottLiesBetweenTheEdges(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 d
    ) public pure {
        Terms memory t = _terms(a, b, c, d);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, t.cost, t.fixedCost, t.aversion);
        (uint256 single, ) = ImpulseBand.ofContract(t.gamma, t.cost, 0, t.aversion);
        _assertAtMost(inner, single + single / 1e10 + 1, "h above Whalley-Wilmott");
        _assertAtMost(single, outer + outer / 1e10 + 1, "Whalley-Wilmott above H");
    }

    function testFuzz_OfContract_WidensWithFixedCostAndGammaAndNarrowsWithAversion(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 d,
        uint256 step
    ) public pure {
        Terms memory t = _terms(a, b, c, d);
        uint256 percent = _bound(step, 1, 1_000);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, t.cost, t.fixedCost, t.aversion);
        uint256 slack = outer / 1e10 + 1;
        uint256 more = (t.fixedCost * (100 + percent)) / 100;
        (uint256 otherOuter, uint256 otherInner) = ImpulseBand.ofContract(t.gamma, t.cost, more, t.aversion);
        _assertAtMost(outer, otherOuter + slack, "H rises with f");
        _assertAtMost(otherInner, inner + slack, "h falls with f");
        more = (t.gamma * (100 + percent)) / 100;
        (otherOuter, otherInner) = ImpulseBand.ofContract(more, t.cost, t.fixedCost, t.aversion);
        _assertAtMost(outer, otherOuter + slack, "H rises with gamma");
        _assertAtMost(inner, otherInner + slack, "h rises with gamma");
        more = (t.aversion * (100 + percent)) / 100;
        (otherOuter, otherInner) = ImpulseBand.ofContract(t.gamma, t.cost, t.fixedCost, more);
        _assertAtMost(otherOuter, outer + slack, "H falls with a");
    }

    function testFuzz_OfContract_AnswersInItsWholeDomain(uint256 a, uint256 b, uint256 c, uint256 d) public pure {
        uint256 gamma = _bound(a, 0, ImpulseBand.MAX_GAMMA);
        uint256 cost = _bound(b, 0, ImpulseBand.MAX_PROPORTIONAL_COST);
        uint256 fixedCost = _bound(c, 0, ImpulseBand.MAX_FIXED_COST);
        uint256 aversion = _bound(d, 1, ImpulseBand.MAX_RISK_AVERSION);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(gamma, cost, fixedCost, aversion);
        _assertAtMost(inner, outer, "h above H");
        // Nothing wraps: the widest band of the domain, by its fixed-cost limit, is below 1e24 contracts.
        _assertAtMost(outer, 1e42, "H");
    }

    function test_OfContract_AnswersAtTheCornersOfItsDomain() public pure {
        for (uint256 corner = 0; corner < 16; ++corner) {
            (uint256 outer, uint256 inner) = ImpulseBand.ofContract(
                corner & 1 == 0 ? 1 : ImpulseBand.MAX_GAMMA,
                corner & 2 == 0 ? 1 : ImpulseBand.MAX_PROPORTIONAL_COST,
                corner & 4 == 0 ? 1 : ImpulseBand.MAX_FIXED_COST,
                corner & 8 == 0 ? 1 : ImpulseBand.MAX_RISK_AVERSION
            );
            _assertAtMost(inner, outer, "h above H");
            _assertAtMost(outer, 1e42, "H");
        }
    }

    function testFuzz_OfContract_IsZeroWithoutGamma(uint256 b, uint256 c, uint256 d) public pure {
        Terms memory t = _terms(0, b, c, d);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(0, t.cost, t.fixedCost, t.aversion);
        _assertEqual(outer + inner, 0, "band");
    }

    function test_OfContract_WithoutAnyCostHasNoBand() public pure {
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(4e18, 0, 0, 100e18);
        _assertEqual(outer + inner, 0, "band");
    }

    function testFuzz_OfContract_RevertWhen_OutsideTheDomain(uint256 x) public view {
        uint256 value = _bound(x, uint256(type(uint96).max) + 1, type(uint256).max);
        _expectContractRevert(value, 5e14, 1e12, 100e18, ImpulseBand.Term.Gamma, value);
        _expectContractRevert(1e18, value, 1e12, 100e18, ImpulseBand.Term.ProportionalCost, value);
        _expectContractRevert(1e18, 5e14, value, 100e18, ImpulseBand.Term.FixedCost, value);
        _expectContractRevert(1e18, 5e14, 1e12, value, ImpulseBand.Term.RiskAversion, value);
    }

    function test_OfContract_RevertWhen_OnePastTheDomain() public view {
        _expectContractRevert(1 << 80, 5e14, 1e12, 100e18, ImpulseBand.Term.Gamma, 1 << 80);
        _expectContractRevert(1e18, 1e18 + 1, 1e12, 100e18, ImpulseBand.Term.ProportionalCost, 1e18 + 1);
        _expectContractRevert(1e18, 5e14, 1 << 96, 100e18, ImpulseBand.Term.FixedCost, 1 << 96);
        _expectContractRevert(1e18, 5e14, 1e12, 1 << 96, ImpulseBand.Term.RiskAversion, 1 << 96);
        _expectContractRevert(1e18, 5e14, 1e12, 0, ImpulseBand.Term.RiskAversion, 0);
    }

    function testFuzz_OfBook_IsTheContractsBandTimesContracts(uint256 n, uint256 g) public pure {
        ImpulseBand.Book memory book = _book();
        book.contracts = _bound(n, 1e18, 1e6 * WAD);
        // Enough gamma that the floor, .0024 at most here, is below.
        uint256 gamma = _bound(g, 1e18, 100e18);
        book.gamma = (book.contracts * gamma) / WAD;
        (uint256 outer, uint256 inner) = ImpulseBand.ofBook(book);
        uint256 fixedCost = (book.fixedCost * 1e36) / (book.contracts * book.spot);
        (uint256 unitOuter, uint256 unitInner) = ImpulseBand.ofContract(
            (book.gamma * WAD) / book.contracts,
            book.proportionalCost,
            fixedCost,
            book.riskAversion
        );
        _assertEqual(outer, (unitOuter * book.contracts) / WAD, "outer");
        _assertEqual(inner, (unitInner * book.contracts) / WAD, "inner");
    }

    function testFuzz_OfBook_KeepsTheFloorWhenGammaFades(uint256 g, uint256 life) public pure {
        ImpulseBand.Book memory book = _book();
        book.gamma = _bound(g, 0, 1e15);
        book.secondsToExpiry = _bound(life, 0, 365 days);
        (uint256 outer, uint256 inner) = ImpulseBand.ofBook(book);
        uint256 counted = book.secondsToExpiry < 1 hours ? 1 hours : book.secondsToExpiry;
        uint256 variance = (uint256(.49e18) * counted) / YEAR;
        // h0 = lambda / (a * sigma^2 * tau); f = .5 / (50 * 3000).
        uint256 innerFloor = (5e14 * WAD) / (100 * variance);
        uint256 risk = (2 * uint256(3333333333333) * WAD) / (100 * variance);
        _assertClose(inner, 50 * innerFloor, inner / 1e9 + 50, "h0");
        uint256 width = (outer - inner) / 50;
        _assertClose((width * width) / WAD, risk, risk / 1e7 + 1, "(H0 - h0)^2");
    }

    function test_OfBook_LifeBelowAnHourCountsAsAnHour() public pure {
        ImpulseBand.Book memory book = _book();
        book.gamma = 0;
        book.secondsToExpiry = 1 hours;
        (uint256 outer, uint256 inner) = ImpulseBand.ofBook(book);
        book.secondsToExpiry = 0;
        (uint256 outerAtExpiry, uint256 innerAtExpiry) = ImpulseBand.ofBook(book);
        _assertEqual(outerAtExpiry, outer, "outer");
        _assertEqual(innerAtExpiry, inner, "inner");
        book.secondsToExpiry = 1 hours + 1;
        (outer, ) = ImpulseBand.ofBook(book);
        _assertAtMost(outer + 1, outerAtExpiry, "a longer life narrows the floor");
    }

    function testFuzz_OfBook_WithoutOpenInterestFlattensAboveTheFixedCost(uint256 c, uint256 p, uint256 s) public pure {
        ImpulseBand.Book memory book = _book();
        book.contracts = 0;
        book.fixedCost = _bound(c, 1, 1_000e18);
        book.proportionalCost = _bound(p, 1e12, .1e18);
        book.spot = _bound(s, 1e18, 1e6 * WAD);
        (uint256 outer, uint256 inner) = ImpulseBand.ofBook(book);
        _assertEqual(inner, 0, "target");
        // |x| * lambda * S > C just beyond the edge and not at it.
        _assertAtMost(outer * book.proportionalCost * book.spot, book.fixedCost * 1e36, "inside");
        _assertAtMost(book.fixedCost * 1e36 + 1, (outer + 1) * book.proportionalCost * book.spot, "outside");
    }

    function test_OfBook_WithoutOpenInterestAndWithoutOneOfTheCosts() public pure {
        ImpulseBand.Book memory book = _book();
        book.contracts = 0;
        book.proportionalCost = 0;
        (uint256 outer, ) = ImpulseBand.ofBook(book);
        _assertEqual(outer, ImpulseBand.NEVER, "nothing proportional to pay for");
        book.proportionalCost = 1;
        book.fixedCost = ImpulseBand.MAX_FIXED_COST;
        book.spot = 1;
        (outer, ) = ImpulseBand.ofBook(book);
        _assertEqual(outer, ImpulseBand.NEVER, "next to nothing");
        book.fixedCost = 0;
        (outer, ) = ImpulseBand.ofBook(book);
        _assertEqual(outer, 0, "free trading");
    }

    function test_OfBook_AnswersAtTheEdgesOfItsDomain() public pure {
        ImpulseBand.Book memory book = _book();
        book.volatility = 0;
        (uint256 outer, uint256 inner) = ImpulseBand.ofBook(book);
        _assertAtMost(inner, outer, "no volatility");
        book.contracts = 1;
        book.gamma = 0;
        book.spot = 1;
        book.fixedCost = ImpulseBand.MAX_FIXED_COST;
        (outer, inner) = ImpulseBand.ofBook(book);
        _assertAtMost(inner, outer, "the least book");
        book.contracts = ImpulseBand.MAX_CONTRACTS;
        book.spot = ImpulseBand.MAX_SPOT;
        book.gamma = 1 << 108;
        book.volatility = ImpulseBand.MAX_VOLATILITY;
        book.secondsToExpiry = ImpulseBand.MAX_SECONDS;
        book.riskAversion = ImpulseBand.MAX_RISK_AVERSION;
        (outer, inner) = ImpulseBand.ofBook(book);
        _assertAtMost(inner, outer, "the largest book");
    }

    function testFuzz_OfBook_RevertWhen_OutsideTheDomain(uint256 x) public view {
        uint256 value = _bound(x, uint256(type(uint128).max) + 1, type(uint256).max);
        ImpulseBand.Book memory book = _book();
        book.contracts = value;
        _expectBookRevert(book, ImpulseBand.Term.Contracts, value);
        book = _book();
        book.spot = value;
        _expectBookRevert(book, ImpulseBand.Term.Spot, value);
        book.spot = 0;
        _expectBookRevert(book, ImpulseBand.Term.Spot, 0);
        book = _book();
        book.gamma = value;
        _expectBookRevert(book, ImpulseBand.Term.Gamma, value);
        book = _book();
        book.volatility = value;
        _expectBookRevert(book, ImpulseBand.Term.Volatility, value);
        book = _book();
        book.secondsToExpiry = value;
        _expectBookRevert(book, ImpulseBand.Term.SecondsToExpiry, value);
        book = _book();
        book.proportionalCost = value;
        _expectBookRevert(book, ImpulseBand.Term.ProportionalCost, value);
    }

    function test_OfBook_RevertWhen_GammaOfAContractIsOutside() public view {
        ImpulseBand.Book memory book = _book();
        book.gamma = 50 * (1 << 80);
        _expectBookRevert(book, ImpulseBand.Term.Gamma, 1 << 80);
    }

    function testFuzz_Target_KeepsSignAndNeverGrows(int128 net, uint128 a, uint128 b) public pure {
        (uint256 outer, uint256 inner) = a > b ? (uint256(a), uint256(b)) : (uint256(b), uint256(a));
        int256 target = ImpulseBand.target(net, outer, inner);
        uint256 size = net < 0 ? uint256(-int256(net)) : uint256(int256(net));
        if (size <= outer) {
            _assertEqual(target, net, "inside");
        } else {
            _assertEqual(target, net < 0 ? -int256(inner) : int256(inner), "outside");
        }
    }

    function testFuzz_ReturnToOuter_UsesUpTheBand(int96 net, uint96 outer, uint96 g) public pure {
        uint256 gamma = _bound(g, 1, type(uint96).max);
        uint256 room = ImpulseBand.returnToOuter(net, outer, gamma);
        uint256 size = net < 0 ? uint256(-int256(net)) : uint256(int256(net));
        if (size >= outer) {
            _assertEqual(room, 0, "outside");
        } else if (room < ImpulseBand.NEVER) {
            _assertAtMost(size + (room * gamma) / WAD, outer, "still inside");
            _assertAtMost(uint256(outer), size + ((room + 1) * gamma) / WAD + 1, "just outside");
        }
    }

    function test_ReturnToOuter_WithoutGammaNever() public pure {
        _assertEqual(ImpulseBand.returnToOuter(0, 1e18, 0), ImpulseBand.NEVER, "no gamma");
        _assertEqual(ImpulseBand.returnToOuter(1e18, 1e18, 0), 0, "at the edge");
        _assertEqual(ImpulseBand.returnToOuter(-.25e18, 1e18, 3e18), .25e18, "a quarter");
    }

    function ofContract(uint256 gamma, uint256 cost, uint256 fixedCost, uint256 aversion) external pure {
        ImpulseBand.ofContract(gamma, cost, fixedCost, aversion);
    }

    function ofBook(ImpulseBand.Book calldata book) external pure {
        ImpulseBand.ofBook(book);
    }

    function _expectContractRevert(
        uint256 gamma,
        uint256 cost,
        uint256 fixedCost,
        uint256 aversion,
        ImpulseBand.Term term,
        uint256 value
    ) private view {
        _expectRevert(
            abi.encodeCall(this.ofContract, (gamma, cost, fixedCost, aversion)),
            abi.encodeWithSelector(ImpulseBand.BandTermOutOfRange.selector, term, value)
        );
    }

    function _expectBookRevert(ImpulseBand.Book memory book, ImpulseBand.Term term, uint256 value) private view {
        _expectRevert(
            abi.encodeCall(this.ofBook, (book)),
            abi.encodeWithSelector(ImpulseBand.BandTermOutOfRange.selector, term, value)
        );
    }

    function _terms(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (Terms memory) {
        return Terms(_logBound(a, 40, 70), _logBound(b, 37, 57), _logBound(c, 30, 57), _logBound(d, 60, 74));
    }

    /// @dev The policy's example: 50 contracts at the money.
    function _book() private pure returns (ImpulseBand.Book memory) {
        return
            ImpulseBand.Book({
                contracts: 50e18,
                spot: 3_000e18,
                gamma: 205.5e18,
                proportionalCost: 5e14,
                fixedCost: .5e18,
                riskAversion: 100e18,
                volatility: .7e18,
                secondsToExpiry: 7 days
            });
    }
}
