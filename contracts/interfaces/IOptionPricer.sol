// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRiskEngine} from "./IRiskEngine.sol";
import {IVolatilitySurface} from "./IVolatilitySurface.sol";

/// @title What an option costs, and why (RULES.md Q1–Q4, E4)
/// @notice A view on the oracles and on the market's open interest. Prices are quote WAD per option, sizes WAD.
///
///             F = S · e^(bT)            value = F · Φ(d1) − K · Φ(d2), at the surface's volatility for ln(K / F)
///
///         b is the expected carry. The perp that hedges is worth spot, so delta is the change with spot. T is at least
///         600 s, in the value as in the greeks.
///
///             premium  = size · (value at the worse price + half-spread) + skew, never below `floor`
///             proceeds = size · (value at the worse price − half-spread) + skew back, never below zero
///
///         The worse price is guarded spot or the venue's mark, whichever makes the option dearer to a buyer or cheaper
///         to a seller, each with its own forward and volatility. Spread and skew are taken at guarded spot. The
///         half-spread is
///
///             max(s · vega, hedging cost) + |Δ| · S · ε + convexity + u · T · |Δ| · S
///
///         with s the surface's doubt, ε that of spot and u = 4 % a year of carry. The convexity is ½ · Γ · S² · ε², or
///         what the value moves at the end of the doubt beyond |Δ| · S · ε where that is more (up for a buyer, down for a
///         seller): whoever knows the price within its doubt gains nothing. The hedging cost of one option is
///
///             S · {2λ|Δ| + .7 · T · (Gσ)² · [f / (H² − h²) + λ / (H + h)]}
///
///         with λ, C the costs of a hedge, G = S · Γ, f = C / (N · S), N the open contracts of its type after the trade, at
///         least 5, and H, h the band for that G (POLICY.md); without the f term where f = 0. The skew is the
///         difference of a potential of the expiry's short vega V, so that no round trip gains by it:
///
///             κ / (2 · V_cap) · [(V ± size · vega)² − V²],  κ = .10
///
///         No expiry is sold beyond V_cap; where V is above it all the same, because V_cap or the volatility was lowered,
///         the potential goes on as a straight line.
///
///         While any live slice of the surface is clamped or stale, `proceeds` is at most the intrinsic value on the
///         forward.
///
///         BUYING is closed, and the first of these that holds is said: the price is untrusted, the series is over, it
///         has an hour or less left, its expiry has no slice, the surface is clamped, or stale, the venue cannot be read,
///         its mark is more than 1.5 % off guarded spot, the carry is clamped (at the upper end calls, at the lower puts),
///         the size is below .01, |Δ| is outside [.05, .95], the expiry's short vega would pass V_cap. SELLING back is
///         closed only by an untrusted price, the end of the series, a missing slice, a mark that is off, and a size of
///         zero.
/// @dev Trusted: the market for its open interest, which it changes after it has read the quote and not before. While one
///      of its calls is in progress only the market's own view refuses to answer.
interface IOptionPricer {
    /// @notice The addends of the distance to the value of one option, quote WAD each.
    /// @param worsePrice What the worse of guarded spot and the mark adds, and the last digits of the value.
    /// @param volatility s · vega.
    /// @param hedging The hedging cost. The greater of this and `volatility` counts.
    /// @param spot |Δ| · S · ε.
    /// @param convexity ½ · Γ · S² · ε², or what the value at S · (1 ± ε) says beyond `spot`.
    /// @param carry u · T · |Δ| · S.
    /// @param halfSpread The sum of those that count, `worsePrice` excepted. A factor multiplies the buyer's, without `spot`
    ///        and `convexity`: those are what an informed buyer knows, not what the vault asks.
    struct Spread {
        uint256 worsePrice;
        uint256 volatility;
        uint256 hedging;
        uint256 spot;
        uint256 convexity;
        uint256 carry;
        uint256 halfSpread;
    }

    /// @notice A firm price, both ways, and how it came about.
    /// @param premium Quote-token units that buying the whole size costs, rounded up.
    /// @param proceeds Quote-token units that selling the whole size back brings, rounded down.
    /// @param floor Quote-token units below which nobody buys the whole size: one more than selling it back right after
    ///        could bring even without a spread, and more than the intrinsic value on the forward.
    /// @param buying Why the series cannot be bought now, by itself; `None` = it can.
    /// @param selling Why it cannot be sold back now; `None` = it can.
    /// @param spot Guarded spot; 0 = there is none, and nothing is priced.
    /// @param spotDoubt ε, a part of spot, WAD.
    /// @param spotUpdatedAt Unix seconds.
    /// @param isPull Which source the price is of.
    /// @param markPrice The venue's; 0 = unreadable, and guarded spot counts alone. Off its limit it does not count either.
    /// @param carry b, WAD a year.
    /// @param forward F.
    /// @param volatility Annual, WAD; 0 = nothing is priced.
    /// @param value Model value at guarded spot.
    /// @param intrinsic max(0, F − K) of a call, max(0, K − F) of a put, rounded up.
    /// @param delta Of one option, WAD.
    /// @param vega Per 1.00 of volatility.
    /// @param buyer The addends for a buyer.
    /// @param seller The addends for a seller.
    /// @param buySkew For the whole size, quote WAD.
    /// @param sellSkew For the whole size, quote WAD: what a seller gets on top.
    /// @param jumpDelta |delta| of one option once spot has moved 2 % against the vault, WAD.
    /// @param shortVega V: of all that is open in the expiry, quote WAD per 1.00 of volatility.
    struct Quote {
        uint256 premium;
        uint256 proceeds;
        uint256 floor;
        IRiskEngine.Closure buying;
        IRiskEngine.Closure selling;
        uint256 spot;
        uint256 spotDoubt;
        uint256 spotUpdatedAt;
        bool isPull;
        uint256 markPrice;
        int256 carry;
        uint256 forward;
        uint256 volatility;
        uint256 value;
        uint256 intrinsic;
        int256 delta;
        uint256 vega;
        Spread buyer;
        Spread seller;
        uint256 buySkew;
        uint256 sellSkew;
        uint256 shortVega;
        uint256 jumpDelta;
    }

    /// @notice Nothing is sold from `closesAt` on, an hour before the end.
    error SaleClosed(uint256 expiry, uint256 closesAt);
    error SeriesExpired(uint256 expiry, uint256 blockTimestamp);
    /// @notice The expiry has no volatility yet.
    error SurfaceUnposted(uint256 expiry);
    /// @notice The surface's last post was clamped, or is too old.
    error SurfaceClosed(IVolatilitySurface.Closure closure);
    error SizeBelowMinimum(uint256 size, uint256 minimum);
    /// @notice Options this far in or out of the money are not sold: |delta| is outside the bounds.
    error DeltaOutOfBounds(int256 delta, uint256 minimum, uint256 maximum);
    /// @notice Guarded spot and the venue's mark differ by more than `limit`, a part of spot, WAD.
    error MarkApart(uint256 spot, uint256 markPrice, uint256 limit);
    error VenueUnreadable();
    /// @notice Expected funding is at the end of its range: at the upper one calls are too cheap to sell, at the lower one
    ///         puts.
    error CarryClamped(int256 carry);
    /// @notice The expiry's short vega would pass V_cap, which is zero until the curator has set it.
    error NoVegaCapacity(uint256 shortVegaAfter, uint256 capacity);

    /// @notice See {Quote}. What is closed is said in `buying` and `selling`, with whatever figures could still be computed.
    ///         It reverts only for a series that is not listed (`SeriesNotListed`), a number that is no series
    ///         (`MalformedSeriesId`), and a size that no strike can hold (`OpenInterestNotPackable`).
    /// @param size Options, WAD.
    function quote(uint256 id, uint256 size) external view returns (Quote memory);

    /// @notice As {quote}, with the buyer's half-spread multiplied by `factor` (WAD), the doubt of spot excepted.
    function quoteAtFactor(uint256 id, uint256 size, uint256 factor) external view returns (Quote memory);

    /// @notice Reverts with the typed error behind `q.buying`, values included; returns when that is `None`. An untrusted
    ///         price reverts with the oracle's own error.
    function requireBuyable(uint256 id, uint256 size, Quote calldata q) external view;

    /// @notice Reverts with the typed error behind `q.selling`, values included; returns when that is `None`.
    function requireSellable(uint256 id, uint256 size, Quote calldata q) external view;
}
