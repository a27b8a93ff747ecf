// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IFundingOracle} from "../../interfaces/IFundingOracle.sol";
import {IHedgeController} from "../../interfaces/IHedgeController.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {ISpotOracle} from "../../interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "../../interfaces/IVolatilitySurface.sol";
import {OptionMath} from "../../libraries/OptionMath.sol";
import {OptionPricer} from "../../OptionPricer.sol";

/// @title OptionPricer without one of its guards
/// @notice A test that names the guard passes on the pricer and fails here.
contract OptionPricerMutant is OptionPricer {
    enum Guard {
        None,
        Doubt, // no ε
        Carry, // the carry discounts like an interest rate
        Potential, // the whole size pays the skew of the vega that is there before the trade
        Mark, // the option is valued at guarded spot alone
        Apart, // however far the mark is off
        Stale, // E4: an old surface pays the model's value
        Floor, // an auction's factor is one of the model's value, and nothing bounds the price
        Ends, // convexity to the second order alone
        Line, // the skew's parabola goes on beyond V_cap
        LastHour, // sold until it expires
        Bounds, // sold however far from the money
        Clamp // sold at the end of the carry's range
    }

    Guard private immutable _MISSING;

    constructor(
        IERC20Metadata quoteToken,
        IOptionMarket market_,
        IVolatilitySurface surface_,
        IFundingOracle funding_,
        ISpotOracle oracle_,
        IHedgeController controller_,
        Guard missing
    ) OptionPricer(quoteToken, market_, surface_, funding_, oracle_, controller_) {
        _MISSING = missing;
    }

    function _doubtOf(ISpotOracle.Spot memory spot) internal view override returns (uint256) {
        return _MISSING == Guard.Doubt ? 0 : super._doubtOf(spot);
    }

    function _contextOf(
        uint256 secondsToExpiry,
        int256 carry
    ) internal view override returns (OptionMath.Expiry memory) {
        if (_MISSING == Guard.Carry) return OptionMath.expiry(secondsToExpiry, carry, carry);
        return super._contextOf(secondsToExpiry, carry);
    }

    function _secondPrice(Quote memory q, Terms memory t) internal view override returns (uint256) {
        return _MISSING == Guard.Mark ? q.spot : super._secondPrice(q, t);
    }

    function _valuesWithinDoubt(
        Quote memory q,
        Terms memory t
    ) internal view override returns (uint256 dearest, uint256 cheapest) {
        return _MISSING == Guard.Ends ? (q.value, q.value) : super._valuesWithinDoubt(q, t);
    }

    function _isNearExpiry(uint256 expiry) internal view override returns (bool) {
        return _MISSING != Guard.LastHour && super._isNearExpiry(expiry);
    }

    function _isOutOfBounds(uint256 delta) internal view override returns (bool) {
        return _MISSING != Guard.Bounds && super._isOutOfBounds(delta);
    }

    function _isClamped(IFundingOracle.Clamp clamp, IFundingOracle.Clamp end) internal view override returns (bool) {
        return _MISSING != Guard.Clamp && super._isClamped(clamp, end);
    }

    function _isApart(uint256 spot, uint256 markPrice) internal view override returns (bool) {
        return _MISSING != Guard.Apart && super._isApart(spot, markPrice);
    }

    function _isSurfaceBehind(IVolatilitySurface.Closure closure) internal view override returns (bool) {
        return _MISSING != Guard.Stale && super._isSurfaceBehind(closure);
    }

    function _buySkew(uint256 shortVega, uint256 vegaSold, uint256 capacity) internal view override returns (uint256) {
        if (_MISSING == Guard.Potential) return _linear(shortVega, vegaSold, capacity);
        return super._buySkew(shortVega, vegaSold, capacity);
    }

    function _sellSkew(
        uint256 shortVega,
        uint256 vegaBought,
        uint256 capacity
    ) internal view override returns (uint256) {
        if (_MISSING == Guard.Potential) return _linear(shortVega, vegaBought, capacity);
        if (_MISSING == Guard.Line) {
            vegaBought = Math.min(vegaBought, shortVega);
            return super._buySkew(shortVega - vegaBought, vegaBought, capacity);
        }
        return super._sellSkew(shortVega, vegaBought, capacity);
    }

    function _premiumOf(Quote memory q, uint256 size, uint256 factor) internal view override returns (uint256) {
        if (_MISSING != Guard.Floor || factor == 1e18) return super._premiumOf(q, size, factor);
        return _toAssetsUp(Math.mulDiv(Math.mulDiv(size, q.value, 1e18), factor, 1e18) + q.buySkew);
    }

    function _linear(uint256 shortVega, uint256 vega, uint256 capacity) private pure returns (uint256) {
        return Math.mulDiv(Math.mulDiv(vega, shortVega, capacity), SKEW, 1e18);
    }
}
