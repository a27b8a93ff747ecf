// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionMarket} from "../interfaces/IOptionMarket.sol";
import {SeriesId} from "../libraries/SeriesId.sol";
import {StrikeSlot, StrikeSlotLib} from "../libraries/StrikeSlot.sol";

/// @notice The listing of a market, with the limits that a test sets and one lister.
contract ToldBoard {
    error NotLister(address caller);

    uint256 public maxStrikesToday = 20;
    uint256 public maxSeries = 256;
    uint256 public maxExpiries = 32;
    mapping(uint256 id => bool) public isListed;

    address private _lister;
    uint256 private _series;
    uint256[] private _live;
    mapping(uint256 day => uint256) private _strikesOfDay;
    mapping(uint256 expiry => IOptionMarket.Expiry) private _expiries;
    mapping(uint256 expiry => StrikeSlot[]) private _strikes;

    function setLister(address lister) external {
        _lister = lister;
    }

    function setLimits(uint256 strikesToday, uint256 series, uint256 expiries) external {
        (maxStrikesToday, maxSeries, maxExpiries) = (strikesToday, series, expiries);
    }

    function listExpiry(uint256 expiry) external {
        _requireLister();
        if (_live.length == maxExpiries) revert IOptionMarket.TooManyExpiries(maxExpiries + 1, maxExpiries);
        if (_expiries[expiry].listed) revert IOptionMarket.ExpiryAlreadyListed(expiry);
        _expiries[expiry].listed = true;
        _live.push(expiry);
    }

    function listStrikes(uint256 expiry, uint256[] calldata strikes) external {
        _requireLister();
        if (!_expiries[expiry].listed) revert IOptionMarket.ExpiryNotListed(expiry);
        uint256 today = _strikesOfDay[block.timestamp / 1 days] += strikes.length;
        if (today > maxStrikesToday) revert IOptionMarket.TooManyStrikesToday(today, maxStrikesToday);
        _series += 2 * strikes.length;
        if (_series > maxSeries) revert IOptionMarket.TooManySeries(_series, maxSeries);
        for (uint256 i; i < strikes.length; ++i) {
            uint256 id = SeriesId.encode(expiry, strikes[i], true);
            if (isListed[id]) revert IOptionMarket.StrikeAlreadyListed(expiry, strikes[i]);
            isListed[id] = true;
            isListed[SeriesId.encode(expiry, strikes[i], false)] = true;
            _strikes[expiry].push(StrikeSlotLib.pack(strikes[i], 0, 0));
        }
    }

    function expiryOf(uint256 expiry) external view returns (IOptionMarket.Expiry memory) {
        return _expiries[expiry];
    }

    function strikesOf(uint256 expiry) external view returns (StrikeSlot[] memory) {
        return _strikes[expiry];
    }

    function liveExpiries() external view returns (uint256[] memory) {
        return _live;
    }

    function _requireLister() private view {
        if (_lister != address(0) && msg.sender != _lister) revert NotLister(msg.sender);
    }
}
