// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAuctions} from "../interfaces/IAuctions.sol";
import {IOptionMarket} from "../interfaces/IOptionMarket.sol";
import {IOptionPricer} from "../interfaces/IOptionPricer.sol";
import {SeriesId} from "../libraries/SeriesId.sol";

/// @title Auctions: options sold at a spread that falls
/// @notice What an auction is, what it promises and what not: {IAuctions}. No money and no option passes through here.
contract Auctions is IAuctions, AccessManaged {
    /// @dev Two slots. A listed series has 105 bits, a factor of 5 has 63.
    struct Terms {
        uint112 seriesId;
        uint40 start;
        uint40 end;
        uint64 firstFactor;
        uint64 lastFactor;
        uint88 size;
        uint88 remaining;
        bool cancelled;
    }

    /// @notice The smallest trade of the market.
    uint256 public constant MIN_SIZE = 0.01e18; // a hundredth of an option
    uint256 public constant MAX_SIZE = type(uint88).max; // 3.1e8 options
    uint256 public constant MAX_FACTOR = 5e18; // five times the half-spread
    uint256 public constant MIN_WINDOW = 10 minutes;
    uint256 public constant MAX_WINDOW = 7 days;
    /// @notice The market sells nothing in a series' last hour.
    uint256 public constant SALE_CUTOFF = 1 hours;

    IOptionMarket public immutable market;
    IOptionPricer public immutable pricer;

    Terms[] private _auctions;

    constructor(address authority_, IOptionMarket market_, IOptionPricer pricer_) AccessManaged(authority_) {
        market = market_;
        pricer = pricer_;
    }

    // ---------------------------------------------------------------- curator

    /// @inheritdoc IAuctions
    function schedule(Schedule calldata s) external restricted returns (uint256 auctionId) {
        if (!market.isListed(s.seriesId)) revert SeriesNotListed(s.seriesId);
        _requireTerms(s);
        auctionId = _auctions.length;
        _auctions.push(
            // Every cast fits: a listed series has 105 bits, and the others are bounded.
            Terms({
                seriesId: uint112(s.seriesId),
                start: uint40(s.start),
                end: uint40(s.end),
                firstFactor: uint64(s.firstFactor),
                lastFactor: uint64(s.lastFactor),
                size: uint88(s.size),
                remaining: uint88(s.size),
                cancelled: false
            })
        );
        emit Scheduled(auctionId, s.seriesId, s);
    }

    /// @inheritdoc IAuctions
    function cancel(uint256 auctionId) external restricted {
        Terms memory terms = _termsOf(auctionId);
        State state = _stateOf(terms);
        if (state != State.Scheduled && state != State.Open) revert AuctionOver(auctionId, state);
        _auctions[auctionId].cancelled = true;
        emit Cancelled(auctionId, terms.remaining);
    }

    // ---------------------------------------------------------------- buyers

    /// @inheritdoc IAuctions
    function fill(
        uint256 auctionId,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external returns (uint256 premium) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        Terms memory terms = _termsOf(auctionId);
        _requireOpen(auctionId, terms);
        _requireFill(size, terms.remaining);

        // Taken off before the call, so that nothing is sold twice whatever the call leads to.
        uint256 remaining = _take(auctionId, terms.remaining, size);
        uint256 factor = _factorAt(terms, block.timestamp);
        premium = market.buyAtFactor(terms.seriesId, size, factor, maxPremium, msg.sender, receiver);
        emit Filled(auctionId, terms.seriesId, msg.sender, receiver, size, factor, premium, remaining);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IAuctions
    function quote(
        uint256 auctionId,
        uint256 size
    ) external view returns (IOptionPricer.Quote memory price, Auction memory auction) {
        auction = auctionOf(auctionId);
        price = pricer.quoteAtFactor(auction.schedule.seriesId, size, auction.factor);
    }

    /// @inheritdoc IAuctions
    function auctionOf(uint256 auctionId) public view returns (Auction memory auction) {
        Terms memory terms = _termsOf(auctionId);
        auction.schedule = Schedule({
            seriesId: terms.seriesId,
            size: terms.size,
            start: terms.start,
            end: terms.end,
            firstFactor: terms.firstFactor,
            lastFactor: terms.lastFactor
        });
        auction.remaining = terms.remaining;
        auction.factor = _factorAt(terms, block.timestamp);
        auction.state = _stateOf(terms);
    }

    /// @inheritdoc IAuctions
    function auctionCount() external view returns (uint256) {
        return _auctions.length;
    }

    // ---------------------------------------------------------------- what a mutant of the tests leaves out

    function _requireTerms(Schedule calldata s) internal view virtual {
        if (s.size < MIN_SIZE || s.size > MAX_SIZE) revert SizeOutOfBounds(s.size, MIN_SIZE, MAX_SIZE);
        if (s.start < block.timestamp) revert StartInThePast(s.start, block.timestamp);
        uint256 window = s.end > s.start ? s.end - s.start : 0;
        if (window < MIN_WINDOW || window > MAX_WINDOW) revert WindowOutOfBounds(window, MIN_WINDOW, MAX_WINDOW);
        (uint256 expiry, , ) = SeriesId.decode(s.seriesId);
        uint256 closesAt = expiry - SALE_CUTOFF;
        if (s.end >= closesAt) revert EndTooLate(s.end, closesAt);
        if (s.firstFactor > MAX_FACTOR) revert FactorOutOfBounds(s.firstFactor, MAX_FACTOR);
        if (s.lastFactor > s.firstFactor) revert FactorRises(s.firstFactor, s.lastFactor);
    }

    function _requireOpen(uint256 auctionId, Terms memory terms) internal view virtual {
        State state = _stateOf(terms);
        if (state == State.Scheduled) revert NotStarted(auctionId, terms.start, block.timestamp);
        if (state != State.Open) revert AuctionOver(auctionId, state);
    }

    /// @dev What is left is nothing or can be bought: a rest below the market's smallest trade could not.
    function _requireFill(uint256 size, uint256 remaining) internal view virtual {
        if (size < MIN_SIZE) revert FillBelowMinimum(size, MIN_SIZE);
        if (size > remaining) revert FillAboveRemaining(size, remaining);
        uint256 rest = remaining - size;
        if (rest != 0 && rest < MIN_SIZE) revert RestBelowMinimum(rest, MIN_SIZE);
    }

    function _take(uint256 auctionId, uint256 remaining, uint256 size) internal virtual returns (uint256 rest) {
        rest = remaining - size;
        _auctions[auctionId].remaining = uint88(rest);
    }

    /// @dev The drop is rounded down, and so the factor up.
    function _factorAt(Terms memory terms, uint256 time) internal view virtual returns (uint256) {
        if (time <= terms.start) return terms.firstFactor;
        if (time >= terms.end) return terms.lastFactor;
        uint256 drop = uint256(terms.firstFactor - terms.lastFactor) * (time - terms.start);
        return terms.firstFactor - drop / (terms.end - terms.start);
    }

    // ---------------------------------------------------------------- internal

    function _termsOf(uint256 auctionId) private view returns (Terms memory) {
        if (auctionId >= _auctions.length) revert UnknownAuction(auctionId);
        return _auctions[auctionId];
    }

    function _stateOf(Terms memory terms) private view returns (State) {
        if (terms.cancelled) return State.Cancelled;
        if (terms.remaining == 0) return State.SoldOut;
        if (block.timestamp < terms.start) return State.Scheduled;
        return block.timestamp > terms.end ? State.Ended : State.Open;
    }
}
