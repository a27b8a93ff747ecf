// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ImpliedVolatility} from "../libraries/ImpliedVolatility.sol";
import {ImpulseBand} from "../libraries/ImpulseBand.sol";
import {OptionMath} from "../libraries/OptionMath.sol";
import {RealisedVolatility} from "../libraries/RealisedVolatility.sol";
import {StrikeSlot} from "../libraries/StrikeSlot.sol";
import {Svi, SviSlice} from "../libraries/Svi.sol";

/// @notice The internal functions of the mathematics, for tests that compare them with their twins in TypeScript.
contract TwinHarness {
    function greeks(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (OptionMath.Greeks memory) {
        return OptionMath.greeks(spot, strike, volatility, secondsToExpiry, carry, discountRate, isCall);
    }

    function impliedVolatility(
        uint256 spot,
        uint256 strike,
        uint256 price,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (uint256) {
        return ImpliedVolatility.solve(spot, strike, price, secondsToExpiry, carry, discountRate, isCall);
    }

    function position(
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        uint256 spot,
        StrikeSlot[] calldata strikes,
        uint256[] calldata volatilities
    ) external pure returns (OptionMath.Position memory) {
        return OptionMath.book(OptionMath.expiry(secondsToExpiry, carry, discountRate), spot, strikes, volatilities);
    }

    function bandOfContract(
        uint256 gamma,
        uint256 proportionalCost,
        uint256 fixedCost,
        uint256 riskAversion
    ) external pure returns (uint256 outer, uint256 inner) {
        return ImpulseBand.ofContract(gamma, proportionalCost, fixedCost, riskAversion);
    }

    function bandOfBook(ImpulseBand.Book calldata book) external pure returns (uint256 outer, uint256 inner) {
        return ImpulseBand.ofBook(book);
    }

    function updateVariance(
        uint256 variance,
        uint256 previousPrice,
        uint256 price,
        uint256 decay
    ) external pure returns (uint256) {
        return RealisedVolatility.update(variance, previousPrice, price, decay);
    }

    function realisedVolatility(uint256 variance) external pure returns (uint256) {
        return RealisedVolatility.volatility(variance);
    }

    function pack(Svi.Fields calldata fields) external pure returns (SviSlice) {
        return Svi.pack(fields);
    }

    function sviVolatility(SviSlice slice, int256 kQ96) external pure returns (uint256) {
        return Svi.volatility(slice, kQ96);
    }

    function sviDerivatives(
        SviSlice slice,
        int256 kQ96
    ) external pure returns (int256 varianceQ96, int256 firstQ96, int256 secondQ96) {
        return Svi.derivatives(slice, kQ96);
    }

    function sviDurrleman(SviSlice slice, uint256 secondsToExpiry, int256 kQ96) external pure returns (int256) {
        return Svi.durrleman(slice, secondsToExpiry, kQ96);
    }

    function sviCheck(
        SviSlice slice,
        uint256 secondsToExpiry
    ) external pure returns (Svi.Violation violation, int256 kQ96) {
        return Svi.check(slice, secondsToExpiry);
    }

    function sviCheckCalendar(
        SviSlice near,
        uint256 nearSeconds,
        SviSlice far,
        uint256 farSeconds
    ) external pure returns (Svi.Violation violation, int256 kQ96) {
        return Svi.checkCalendar(near, nearSeconds, far, farSeconds);
    }
}
