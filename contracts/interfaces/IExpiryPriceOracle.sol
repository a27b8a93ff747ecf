// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The price that settles an expiry, by proof
/// @notice RULES.md S1. A round is complete when it has a time and a positive answer that fits into 128 bits as WAD.
///
///         FIRST RULE. The complete round with the smallest `updatedAt` in [expiry, expiry + 3 h] over all phases of
///         the feed from the one recorded at listing to the current one; of equals the one of the lower phase, and
///         within a phase the lower id. SECOND, opened by the proof that there is none ({proveNoRound}): the first
///         update of the pull feed in the same window. THIRD, when 7 days have passed with neither: the last complete
///         round before expiry. Whoever proves, and whenever: at any time at most one outcome can be proved.
///
///         A phase is proved by its BOUNDARY: its last complete round before expiry, or number 0 of the phase when it
///         has none. The next complete round follows behind at most 8 incomplete ones; nine in a row end the phase.
///
///         TRUSTED of the feed: within a phase complete rounds do not go back in time; rounds carry the time of the
///         block that writes them; no nine incomplete ones in a row lie between complete ones.
interface IExpiryPriceOracle {
    enum Rule {
        None,
        FirstRound,
        PullUpdate,
        LastRound
    }

    struct Record {
        /// Quote WAD per underlying; 0 = not proved yet.
        uint128 price;
        /// The feed's phase when the expiry was listed.
        uint16 listedPhase;
        bool listed;
        /// It is proved that no round lies in the window: the first rule is closed for good.
        bool noRound;
        /// The rule that gave the price.
        Rule rule;
    }

    event ListingRecorded(uint256 indexed expiry, uint16 phase);
    event NoRoundProved(uint256 indexed expiry);
    /// @param updatedAt When the round was written or the update published.
    event PriceProved(uint256 indexed expiry, Rule indexed rule, uint256 price, uint256 updatedAt);

    /// @notice Only the market records listings.
    error NotTheMarket(address caller);
    error ExpiryNotAhead(uint256 expiry, uint256 blockTimestamp);
    /// @notice The feed has no complete round: an expiry listed now might never have a price.
    error FeedHasNoRound(address feed);
    error FeedUnreadable(address feed);
    /// @notice The feed scales its answers otherwise than when it was adopted.
    error FeedDecimalsChanged(uint256 expected, uint256 actual);

    error NotListed(uint256 expiry);
    error NotProved(uint256 expiry);
    error NotExpired(uint256 expiry, uint256 blockTimestamp);
    /// @notice One boundary for each phase but that of the round offered, lowest first.
    error WrongNumberOfPhases(uint256 given, uint256 expected);
    /// @notice The round is of a phase before the listing, after the current one, or not of the phase in turn.
    error WrongPhase(uint80 roundId, uint256 expectedPhase);
    error RoundIncomplete(uint80 roundId);

    /// @notice An earlier one: the round was written before the expiry.
    error RoundBeforeExpiry(uint80 roundId, uint256 updatedAt, uint256 expiry);
    /// @notice A later one: the round before it is in time.
    error NotTheFirstRound(uint80 roundId, uint80 earlierRoundId, uint256 earlierUpdatedAt);
    /// @notice A later one behind incomplete rounds: the last complete one before those is in time.
    error FirstRoundBehindIncomplete(uint80 roundId, uint80 earlierRoundId, uint256 earlierUpdatedAt);
    /// @notice More incomplete rounds in a row than are stepped over.
    error TooManyIncompleteRounds(uint80 roundId, uint256 steppedOver);
    /// @notice The other phase has a round in time that is earlier, or equal and of the lower phase.
    error EarlierRoundInOtherPhase(uint80 roundId, uint80 otherRoundId, uint256 otherUpdatedAt);
    error RoundAfterWindow(uint80 roundId, uint256 updatedAt, uint256 windowEnd);
    /// @notice A round of this very block: another phase could still write one with the same time.
    error RoundOfThisBlock(uint80 roundId, uint256 updatedAt);
    /// @notice It is proved that there is no first round.
    error FirstRuleClosed(uint256 expiry);

    /// @notice The boundary offered is in time itself.
    error BoundaryNotBeforeExpiry(uint80 roundId, uint256 updatedAt, uint256 expiry);
    /// @notice A later complete round of the phase is still before expiry.
    error NotTheLastRound(uint80 roundId, uint80 laterRoundId, uint256 laterUpdatedAt);

    /// @notice A first round may still be written.
    error WindowOpen(uint256 windowEnd, uint256 blockTimestamp);
    /// @notice The first rule gives a price: the others stay closed.
    error FirstRoundExists(uint80 roundId, uint256 updatedAt);
    /// @notice {proveNoRound} comes first.
    error FirstRuleOpen(uint256 expiry);
    error NoPullFeed();
    error PullPriceUnusable(int256 price, int256 exponent);
    error FeeTooLow(uint256 paid, uint256 fee);
    /// @notice The seven days of the second rule are over.
    error SecondRuleClosed(uint256 closedAt, uint256 blockTimestamp);
    /// @notice The pull update can still be shown: the third rule waits.
    error SecondRuleOpen(uint256 closesAt, uint256 blockTimestamp);
    /// @notice The other phase has a later round before expiry, or an equal one and is the lower phase.
    error LaterRoundInOtherPhase(uint80 roundId, uint80 otherRoundId, uint256 otherUpdatedAt);

    /// @notice Remembers the feed's phase for an expiry. By the market, when it lists; again = no change.
    /// @dev Were it open to all, somebody could record an expiry long before its listing, so that abandoned phases
    ///      count, or after a change of phase, so that a phase is left out: a choice between outcomes.
    function recordListing(uint256 expiry) external;

    /// @notice First rule. By anyone, at any time after the round. Once an expiry has a price, each `prove…` returns it.
    /// @param roundId The settling round.
    /// @param boundaries Of every other phase from listing to now, lowest first; empty while there is one phase.
    /// @return price Quote WAD per underlying.
    function proveFirstRound(
        uint256 expiry,
        uint80 roundId,
        uint80[] calldata boundaries
    ) external returns (uint256 price);

    /// @notice Opens the second rule: no complete round lies in [expiry, expiry + 3 h]. Only after the window.
    /// @param boundaries Of every phase from listing to now, lowest first.
    function proveNoRound(uint256 expiry, uint80[] calldata boundaries) external;

    /// @notice Second rule, up to 7 days after expiry. The pull feed's own contract checks that the update is the first
    ///         in the window: its previous publish time lies before the expiry.
    /// @param updateData As the pull feed's service gives it. Its fee is paid from the value sent; the rest returns.
    function provePullUpdate(uint256 expiry, bytes[] calldata updateData) external payable returns (uint256 price);

    /// @notice Third rule, later than 7 days after expiry.
    /// @param roundId The last complete round before expiry over all phases.
    /// @param boundaries Of every other phase from listing to now, lowest first.
    function proveLastRound(
        uint256 expiry,
        uint80 roundId,
        uint80[] calldata boundaries
    ) external returns (uint256 price);

    /// @notice The price that settles `expiry`, quote WAD per underlying; reverts with {NotProved} while there is none.
    function settlementPrice(uint256 expiry) external view returns (uint256 price);

    /// @notice All that is known of an expiry; never reverts.
    function recordOf(uint256 expiry) external view returns (Record memory);
}
