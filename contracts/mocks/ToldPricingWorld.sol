// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingOracle} from "../interfaces/IFundingOracle.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "../interfaces/IVolatilitySurface.sol";
import {StrikeSlot, StrikeSlotLib} from "../libraries/StrikeSlot.sol";
import {SviSlice} from "../libraries/Svi.sol";

/// @notice All that a pricer reads, as a test tells it: market, surface, funding, spot oracle, controller, vault and
///         quote token at one address.
contract ToldPricingWorld {
    /// @dev What the venue is told to say, and whether there is one.
    struct Mark {
        uint256 price;
        bool isReadable;
    }

    struct Carry {
        int256 rate;
        IFundingOracle.Clamp clamp;
    }

    /// @dev Two numbers that are read together.
    struct Two {
        uint256 first;
        uint256 second;
    }

    /// @notice The error of an untrusted price.
    error ToldFault(ISpotOracle.Fault fault);

    uint8 public immutable decimals;

    ISpotOracle.Spot private _spot;
    uint256 public sigma;
    IVolatilitySurface.Closure public closure;
    mapping(uint256 expiry => SviSlice) public sliceOf;
    mapping(uint256 expiry => uint256) public spread;
    Carry private _carry;
    Mark private _mark;
    Two private _hedgeCost;
    Two private _openContracts;
    uint256 public vegaCapacity;
    bool private _hidesSeries;
    /// @notice Whether a call of the system is in progress.
    bool public inProgress;
    mapping(uint256 expiry => StrikeSlot[]) private _strikes;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    // ---------------------------------------------------------------- telling

    function tellSpot(ISpotOracle.Spot calldata spot_) external {
        _spot = spot_;
    }

    function tellSigma(uint256 sigma_) external {
        sigma = sigma_;
    }

    function tellSlice(uint256 expiry, SviSlice slice, uint256 spread_) external {
        sliceOf[expiry] = slice;
        spread[expiry] = spread_;
    }

    function tellClosure(IVolatilitySurface.Closure closure_) external {
        closure = closure_;
    }

    function tellCarry(int256 carry_, IFundingOracle.Clamp clamp_) external {
        _carry = Carry(carry_, clamp_);
    }

    function tellMark(uint256 price, bool isReadable) external {
        _mark = Mark(price, isReadable);
    }

    function tellHedgeCost(uint256 proportional, uint256 fixedCost) external {
        _hedgeCost = Two(proportional, fixedCost);
    }

    function tellVegaCapacity(uint256 vegaCapacity_) external {
        vegaCapacity = vegaCapacity_;
    }

    function tellOpenContracts(uint256 calls, uint256 puts) external {
        _openContracts = Two(calls, puts);
    }

    function tellUnlisted(bool hidesSeries) external {
        _hidesSeries = hidesSeries;
    }

    function tellInProgress(bool inProgress_) external {
        inProgress = inProgress_;
    }

    function tellStrikes(
        uint256 expiry,
        uint256[] calldata strikes,
        uint256[] calldata calls,
        uint256[] calldata puts
    ) external {
        delete _strikes[expiry];
        for (uint256 i; i < strikes.length; ++i) {
            _strikes[expiry].push(StrikeSlotLib.pack(strikes[i], calls[i], puts[i]));
        }
    }

    // ---------------------------------------------------------------- what the pricer reads

    function vault() external view returns (address) {
        return address(this);
    }

    /// @notice The doubt told is that at the sigma told: with another one the pricer has not asked the surface.
    function read(uint256 sigma_) public view returns (ISpotOracle.Spot memory spot_) {
        spot_ = _spot;
        if (sigma_ != sigma) spot_.doubt = 0;
    }

    function spot(uint256 sigma_) external view returns (ISpotOracle.Spot memory) {
        if (_spot.fault != ISpotOracle.Fault.None) revert ToldFault(_spot.fault);
        return read(sigma_);
    }

    function carry(uint256) external view returns (int256, IFundingOracle.Clamp) {
        return (_carry.rate, _carry.clamp);
    }

    function markPrice() external view returns (uint256, bool) {
        return (_mark.price, _mark.isReadable);
    }

    function hedgeCost(uint256) external view returns (uint256, uint256) {
        return (_hedgeCost.first, _hedgeCost.second);
    }

    function isListed(uint256) external view returns (bool) {
        return !_hidesSeries;
    }

    function strikesOf(uint256 expiry) external view returns (StrikeSlot[] memory) {
        return _strikes[expiry];
    }

    function openContracts() external view returns (uint256, uint256) {
        return (_openContracts.first, _openContracts.second);
    }
}
