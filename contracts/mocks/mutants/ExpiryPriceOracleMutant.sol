// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {PythStructs} from "@pythnetwork/pyth-sdk-solidity/PythStructs.sol";
import {IAggregatorV3} from "../../interfaces/IAggregatorV3.sol";
import {FeedReader, Round} from "../../libraries/FeedReader.sol";
import {ExpiryPriceOracle} from "../../oracles/ExpiryPriceOracle.sol";

/// @title ExpiryPriceOracle without one of its guards
/// @notice See {SpotOracleMutant}.
contract ExpiryPriceOracleMutant is ExpiryPriceOracle {
    using FeedReader for IAggregatorV3;

    enum Guard {
        Predecessor, // a later round settles
        SteppingOver, // an incomplete round before it passes for an early one
        OtherPhases,
        LowerPhaseOnTies,
        Window,
        ThisBlock,
        WindowOver, // the second rule opens while a first round may come
        FirstRuleClosed, // both the first and the second rule give a price
        FirstRuleOpen, // the second rule needs no proof that there is no first round
        UniqueUpdate, // any update in the window
        SecondRuleOver,
        ThirdRuleOpen, // the third rule while the second can be shown
        LastOfPhase, // an earlier round before expiry
        Decimals,
        OnlyTheMarket
    }

    Guard private immutable _MISSING;

    constructor(
        address market_,
        IAggregatorV3 push_,
        IPyth pull_,
        bytes32 pullId_,
        Guard missing
    ) ExpiryPriceOracle(market_, push_, pull_, pullId_) {
        _MISSING = missing;
    }

    function _requireFirstOfPhase(uint256 expiry, uint80 roundId) internal view override returns (Round memory round) {
        round = push.roundAt(roundId);
        if (_MISSING == Guard.Predecessor) return round;
        if (_MISSING == Guard.SteppingOver && push.roundAt(roundId - 1).updatedAt < expiry) return round;
        return super._requireFirstOfPhase(expiry, roundId);
    }

    function _firstAfter(uint256 expiry, uint256 phase, uint80 boundary) internal view override returns (Round memory) {
        if (_MISSING == Guard.LastOfPhase) return push.roundAt(boundary);
        return super._firstAfter(expiry, phase, boundary);
    }

    function _mayRecord(address caller) internal view override returns (bool) {
        return _MISSING == Guard.OnlyTheMarket || super._mayRecord(caller);
    }

    function _requireInWindow(Round memory round, uint256 windowEnd) internal view override {
        if (_MISSING != Guard.Window) super._requireInWindow(round, windowEnd);
    }

    function _requirePast(Round memory round) internal view override {
        if (_MISSING != Guard.ThisBlock) super._requirePast(round);
    }

    function _requireWindowOver(uint256 windowEnd) internal view override {
        if (_MISSING != Guard.WindowOver) super._requireWindowOver(windowEnd);
    }

    function _precedes(Round memory other, Round memory round) internal view override returns (bool) {
        if (_MISSING == Guard.OtherPhases) return false;
        if (_MISSING == Guard.LowerPhaseOnTies && other.updatedAt == round.updatedAt) return false;
        return super._precedes(other, round);
    }

    function _firstRuleClosed(Record storage r) internal view override returns (bool) {
        return _MISSING != Guard.FirstRuleClosed && super._firstRuleClosed(r);
    }

    function _firstRuleOpen(Record storage r) internal view override returns (bool) {
        return _MISSING != Guard.FirstRuleOpen && super._firstRuleOpen(r);
    }

    function _secondRuleOver(uint256 expiry) internal view override returns (bool) {
        return _MISSING != Guard.SecondRuleOver && super._secondRuleOver(expiry);
    }

    function _thirdRuleOpen(uint256 expiry) internal view override returns (bool) {
        return _MISSING == Guard.ThirdRuleOpen || super._thirdRuleOpen(expiry);
    }

    function _parseFirstUpdate(
        uint256 expiry,
        bytes[] calldata updateData,
        uint256 fee
    ) internal override returns (PythStructs.Price memory) {
        if (_MISSING != Guard.UniqueUpdate) return super._parseFirstUpdate(expiry, updateData, fee);
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = pullId;
        return
            pull.parsePriceFeedUpdates{value: fee}(updateData, ids, uint64(expiry), uint64(expiry + WINDOW))[0].price;
    }

    function _requireDecimals(uint256 decimals) internal view override {
        if (_MISSING != Guard.Decimals) super._requireDecimals(decimals);
    }
}
