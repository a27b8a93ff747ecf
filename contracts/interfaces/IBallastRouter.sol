// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExpiryPriceOracle} from "./IExpiryPriceOracle.sol";

/// @title What precedes an action, and the action, in one transaction
/// @notice RULES.md E5. Each function first does what `first` says, in this order: permits, prices, settlements. Then it
///         does one action for the caller, with a limit, a deadline and a receiver, and hands back what is left of the
///         quote token and of the value sent. Premiums are quote-token units, sizes WAD, shares those of the vault.
///
///         The caller allows the router what an action takes: the quote token for {deposit}, {buy} and {fillAuction},
///         vault shares for {redeem}, options (an ERC-6909 allowance, or the router as operator) for {sell} and
///         {redeemOptions}. It takes from the caller and from nobody else.
///
///         The value sent pays the fees of the pull feed. What is more comes back to the caller, who must be able to
///         take it: a contract that is not sends the exact fee.
interface IBallastRouter {
    /// @notice An ERC-2612 signature of the caller for the router, on the quote token or on the vault's shares.
    // solhint-disable-next-line gas-struct-packing
    struct Permit {
        address token;
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A due expiry and the proof of its price, as {IExpiryPriceOracle} takes it.
    /// @param rule None = the price is proved already. FirstRound = `roundId` and `boundaries` as in `proveFirstRound`.
    ///        PullUpdate = `boundaries` as in `proveNoRound`, then `updateData` as in `provePullUpdate`. LastRound =
    ///        `boundaries` as in `proveNoRound`, of every phase, one of which is `roundId`, the round that settles.
    /// @param boundaries Lowest phase first.
    struct Settlement {
        uint256 expiry;
        IExpiryPriceOracle.Rule rule;
        uint80 roundId;
        uint80[] boundaries;
        bytes[] updateData;
    }

    /// @notice What precedes the action; each list may be empty.
    /// @param permits One that somebody else has used already is passed over when the allowance is there.
    /// @param priceUpdate Blobs of the pull feed, all in one call of it.
    /// @param settlements One that somebody else has brought already is passed over.
    struct Before {
        Permit[] permits;
        bytes[] priceUpdate;
        Settlement[] settlements;
    }

    error DeadlinePassed(uint256 deadline, uint256 blockTimestamp);
    /// @notice Nobody, or the router itself, where what arrives would be lost.
    error InvalidReceiver(address receiver);
    /// @notice A permit for neither the quote token nor the vault's shares.
    error ForeignToken(address token);
    /// @notice The token refused a permit without saying why; it may not know permits.
    error PermitRefused(address token);
    /// @notice A price update, and no pull feed to bring it to.
    error NoPullFeed();
    /// @notice What is left of the value sent does not pay the pull feed's fee.
    error FeeTooLow(uint256 paid, uint256 fee);
    error SharesBelowMinimum(uint256 shares, uint256 minimum);
    error AssetsBelowMinimum(uint256 assets, uint256 minimum);
    /// @notice The caller could not take back the rest of the value that he sent.
    error RefundFailed(address caller, uint256 value);
    error ReentrantCall();

    /// @notice Does `first` and nothing else. What the market pays for a settlement goes to the caller.
    function prepare(Before calldata first) external payable;

    /// @notice Deposits the caller's `assets` into the vault for `receiver`.
    /// @param minShares Fewer revert with {SharesBelowMinimum}.
    function deposit(
        Before calldata first,
        uint256 assets,
        uint256 minShares,
        uint256 deadline,
        address receiver
    ) external payable returns (uint256 shares);

    /// @notice Redeems the caller's `shares` at once and pays `receiver`.
    /// @param minAssets Fewer revert with {AssetsBelowMinimum}.
    function redeem(
        Before calldata first,
        uint256 shares,
        uint256 minAssets,
        uint256 deadline,
        address receiver
    ) external payable returns (uint256 assets);

    /// @notice Buys options for `receiver`. The caller must hold `maxPremium`: all of it is taken, and what the premium
    ///         leaves returned. A dearer premium reverts with the market's error.
    function buy(
        Before calldata first,
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external payable returns (uint256 premium);

    /// @notice {buy} from an auction.
    function fillAuction(
        Before calldata first,
        uint256 auctionId,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external payable returns (uint256 premium);

    /// @notice Sells the caller's options back and pays `receiver`. Less than `minProceeds` reverts with the market's
    ///         error.
    function sell(
        Before calldata first,
        uint256 id,
        uint256 size,
        uint256 minProceeds,
        uint256 deadline,
        address receiver
    ) external payable returns (uint256 proceeds);

    /// @notice Redeems the caller's options of a settled series and pays `receiver`. Neither limit nor deadline: the
    ///         payout is fixed at settlement and waits for nobody.
    function redeemOptions(
        Before calldata first,
        uint256 id,
        uint256 size,
        address receiver
    ) external payable returns (uint256 payout);
}
