// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {IAggregatorV3} from "../../contracts/interfaces/IAggregatorV3.sol";
import {ISpotOracle} from "../../contracts/interfaces/ISpotOracle.sol";
import {LocalAggregator} from "../../contracts/local/LocalAggregator.sol";
import {LocalPyth} from "../../contracts/local/LocalPyth.sol";
import {SpotOracle} from "../../contracts/oracles/SpotOracle.sol";
import {OracleTest} from "./OracleTest.sol";

contract SpotOracleTest is OracleTest {
    uint256 private constant WAD = 1e18;
    uint256 private constant NOW = 1_800_000_000;
    bytes32 private constant ID = bytes32(uint256(1));

    LocalAggregator private _push;
    LocalAggregator private _sequencer;
    LocalAggregator private _quote;
    LocalPyth private _pyth;
    SpotOracle private _oracle;

    struct Answers {
        int256 answer;
        uint256 updatedAt;
        uint8 decimals;
        int64 pullPrice;
        uint64 confidence;
        int32 exponent;
        uint64 publishTime;
        int256 sequencerAnswer;
        uint256 sequencerStartedAt;
        int256 quoteAnswer;
        uint256 sigma;
    }

    function setUp() public {
        VM.warp(NOW);
        _push = new LocalAggregator(8, 3_000e8);
        _sequencer = new LocalAggregator(0, 0);
        _quote = new LocalAggregator(8, 1e8);
        _pyth = new LocalPyth(address(0), 0);
        _oracle = new SpotOracle(
            SpotOracle.Config({
                push: IAggregatorV3(address(_push)),
                heartbeat: 1 hours,
                deviation: 0.005e18,
                minPrice: 300e18,
                maxPrice: 30_000e18,
                pull: IPyth(address(_pyth)),
                pullId: ID,
                maxApart: 0.015e18,
                sequencer: IAggregatorV3(address(_sequencer)),
                grace: 1 hours,
                quoteFeed: IAggregatorV3(address(_quote)),
                quoteHeartbeat: 1 days,
                pegTolerance: 0.02e18
            })
        );
        VM.warp(NOW + 2 hours);
        _push.setAnswer(3_000e8);
    }

    /// @dev Whatever the feeds say: `read` answers, `spot` agrees with it, and a price without fault keeps the rules.
    function testFuzz_Read_NeverReverts(Answers memory a) public {
        if (a.sigma % 3 == 0) _tame(a);
        _push.setDecimals(a.decimals);
        _push.pushRound(a.answer, a.updatedAt, a.updatedAt, 0);
        _sequencer.pushRound(a.sequencerAnswer, a.sequencerStartedAt, block.timestamp, 0);
        _quote.setAnswer(a.quoteAnswer);
        _bring(a.pullPrice, a.confidence, a.exponent, a.publishTime);

        ISpotOracle.Spot memory s = _oracle.read(a.sigma);
        try _oracle.spot(a.sigma) returns (ISpotOracle.Spot memory trusted) {
            _require(s.fault == ISpotOracle.Fault.None, "spot trusts a fault");
            _require(keccak256(abi.encode(s)) == keccak256(abi.encode(trusted)), "spot and read differ");
        } catch {
            _require(s.fault != ISpotOracle.Fault.None, "spot reverts without a fault");
            return;
        }
        _require(s.price >= 300e18 && s.price <= 30_000e18, "outside the band");
        _require(s.updatedAt <= block.timestamp, "from the future");
        uint256 age = block.timestamp - s.updatedAt;
        _require(age <= (s.source == ISpotOracle.Source.Push ? 66 minutes : 10 seconds), "too old");
        _require(s.doubt != 0, "without doubt");
    }

    function testFuzz_Doubt_GrowsWithAgeAndVolatility(uint256 sigma, uint256 more, uint256 age, uint256 older) public {
        sigma = 0.2e18 + (sigma % 9.8e18);
        more = sigma + (more % (10e18 - sigma + 1));
        age = age % 66 minutes;
        older = age + (older % (66 minutes - age + 1));
        uint256 start = block.timestamp;
        VM.warp(start + age);
        uint256 young = _oracle.read(sigma).doubt;
        _require(_oracle.read(more).doubt >= young, "falls with volatility");
        VM.warp(start + older);
        uint256 old = _oracle.read(sigma).doubt;
        _require(old >= young, "falls with age");
        _require(old - young <= 0.005e18, "the push feed would have reported more");
    }

    /// @dev ε² against 4σ√age + 4σ√2 s, squared by parts: never below.
    function testFuzz_Doubt_RoundsUp(uint256 sigma, uint256 age, uint64 confidence) public {
        sigma = 0.2e18 + (sigma % 2.8e18);
        age = age % 11;
        confidence %= 45e8;
        _bring(3_000e8, confidence, -8, uint64(block.timestamp + 11 - age));
        VM.warp(block.timestamp + 11);
        ISpotOracle.Spot memory s = _oracle.read(sigma);
        _require(s.source == ISpotOracle.Source.Pull, "the pull price counts");
        uint256 rest = s.doubt - (uint256(confidence) * WAD + 3_000e8 - 1) / 3_000e8;
        uint256 ageSquared = (16 * sigma * sigma * age) / 365 days;
        uint256 latencySquared = (16 * sigma * sigma * 2) / 365 days;
        _require(rest * rest >= ageSquared + latencySquared, "rounds down");
        uint256 cross = rest * rest - ageSquared - latencySquared;
        _require(cross * cross >= 4 * ageSquared * latencySquared, "rounds down");
        // And not far above: 1e-9 of it.
        uint256 less = rest - rest / 1e9 - 5;
        _require(
            less * less <= ageSquared + latencySquared ||
                (less * less - ageSquared - latencySquared) ** 2 <= 4 * (ageSquared + 1) * (latencySquared + 1),
            "far above"
        );
    }

    /// @dev Near to what the guards let pass, so that what lies behind them is reached.
    function _tame(Answers memory a) private view {
        a.decimals = 8;
        a.answer = int256(2_950e8 + (uint256(a.answer) % 100e8));
        a.updatedAt = block.timestamp - (a.updatedAt % 70 minutes);
        a.pullPrice = int64(uint64(2_950e8 + (uint64(a.pullPrice) % 100e8)));
        a.confidence %= 60e8;
        a.exponent = -8;
        a.publishTime = uint64(block.timestamp + 2 - (a.publishTime % 16));
        a.sequencerAnswer = 0;
        a.sequencerStartedAt = block.timestamp - 1 hours - 1;
        a.quoteAnswer = 1e8;
    }

    function _bring(int64 price, uint64 confidence, int32 exponent, uint64 publishTime) private {
        bytes[] memory blobs = new bytes[](1);
        blobs[0] = abi.encode(LocalPyth.Update(ID, price, confidence, exponent, publishTime, publishTime), "");
        _pyth.updatePriceFeeds(blobs);
    }
}
