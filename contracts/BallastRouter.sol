// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {IAuctions} from "./interfaces/IAuctions.sol";
import {IBallastRouter} from "./interfaces/IBallastRouter.sol";
import {IExpiryPriceOracle} from "./interfaces/IExpiryPriceOracle.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionToken} from "./interfaces/IOptionToken.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";

/// @title BallastRouter: permits, fresh prices, due settlements and one action, in one transaction
/// @notice WHAT IT HOLDS. Nothing. It has no storage, no owner, no upgrade. After each call it has the balances that it
///         had before, and no allowance of it stands.
///
///         WHOSE MONEY. Tokens, shares and options are taken from the caller alone, and permits count with the caller as
///         owner and the router as spender: what somebody else has allowed to the router, or signed for it, is of no use
///         to anybody but him. What arrives goes to the receiver, what is left to the caller.
///
///         RE-ENTRANCY. Every function is behind one lock, also while the rest of the value is handed back. Amounts are
///         counted through a call and not read off the router's balance, so that even a call within a call could not
///         take what the outer one has left here; what the market pays for a settlement is the one difference of balances.
///
///         SENT BY MISTAKE. Tokens, options or ether that come without a call of the router stay here for good: nobody,
///         the sender included, can take them, and they change no call. Ether is refused unless a call brings it.
///
///         OTHERS COME FIRST. A permit used by somebody else, a price proved and an expiry settled by somebody else are
///         passed over: nobody stops an action by doing before it a part of what it brings.
///
///         TRUSTED. The vault, market, auctions and expiry prices named at construction, the quote token to be what
///         {IOptionVault} assumes, and the pull feed to take its fee and no more. What a trade or a share costs, they say:
///         the router adds the limits that the vault's ERC-4626 form has no room for.
contract BallastRouter is IBallastRouter {
    using SafeERC20 for IERC20;

    IOptionVault public immutable vault;
    IERC20 public immutable quoteToken;
    IOptionMarket public immutable market;
    IOptionToken public immutable optionToken;
    IAuctions public immutable auctions;
    IExpiryPriceOracle public immutable expiryPrices;
    /// @notice The pull feed; zero = there is none, and no update to bring.
    IPyth public immutable pyth;

    bool private transient _entered;

    modifier inTime(uint256 deadline) {
        _requireInTime(deadline);
        _;
    }

    modifier receivedBy(address receiver) {
        _requireReceiver(receiver);
        _;
    }

    /// @dev Takes the lock, does what precedes the action, then the action, and hands back the rest of the value.
    modifier precededBy(Before calldata first) {
        _enter();
        uint256 value = _prepare(first);
        _;
        _refund(value);
        _entered = false;
    }

    /// @param pyth_ The one that the spot oracle and `expiryPrices_` read, or zero.
    constructor(
        IOptionVault vault_,
        IOptionMarket market_,
        IAuctions auctions_,
        IExpiryPriceOracle expiryPrices_,
        IPyth pyth_
    ) {
        vault = vault_;
        quoteToken = IERC20(vault_.asset());
        market = market_;
        optionToken = market_.token();
        auctions = auctions_;
        expiryPrices = expiryPrices_;
        pyth = pyth_;
    }

    /// @inheritdoc IBallastRouter
    // solhint-disable-next-line no-empty-blocks
    function prepare(Before calldata first) external payable precededBy(first) {}

    /// @inheritdoc IBallastRouter
    function deposit(
        Before calldata first,
        uint256 assets,
        uint256 minShares,
        uint256 deadline,
        address receiver
    ) external payable inTime(deadline) receivedBy(receiver) precededBy(first) returns (uint256 shares) {
        _takeQuoteFor(address(vault), assets);
        shares = vault.deposit(assets, receiver);
        _requireShares(shares, minShares);
    }

    /// @inheritdoc IBallastRouter
    function redeem(
        Before calldata first,
        uint256 shares,
        uint256 minAssets,
        uint256 deadline,
        address receiver
    ) external payable inTime(deadline) receivedBy(receiver) precededBy(first) returns (uint256 assets) {
        assets = vault.redeem(shares, receiver, msg.sender);
        _requireAssets(assets, minAssets);
    }

    /// @inheritdoc IBallastRouter
    function buy(
        Before calldata first,
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external payable inTime(deadline) receivedBy(receiver) precededBy(first) returns (uint256 premium) {
        _takeQuoteFor(address(market), maxPremium);
        premium = market.buy(id, size, maxPremium, deadline, receiver);
        _returnQuoteOf(address(market), maxPremium - premium);
    }

    /// @inheritdoc IBallastRouter
    function fillAuction(
        Before calldata first,
        uint256 auctionId,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external payable inTime(deadline) receivedBy(receiver) precededBy(first) returns (uint256 premium) {
        // It is the market that takes the premium.
        _takeQuoteFor(address(market), maxPremium);
        premium = auctions.fill(auctionId, size, maxPremium, deadline, receiver);
        _returnQuoteOf(address(market), maxPremium - premium);
    }

    /// @inheritdoc IBallastRouter
    function sell(
        Before calldata first,
        uint256 id,
        uint256 size,
        uint256 minProceeds,
        uint256 deadline,
        address receiver
    ) external payable inTime(deadline) receivedBy(receiver) precededBy(first) returns (uint256 proceeds) {
        optionToken.transferFrom(msg.sender, address(this), id, size);
        return market.sell(id, size, minProceeds, deadline, receiver);
    }

    /// @inheritdoc IBallastRouter
    function redeemOptions(
        Before calldata first,
        uint256 id,
        uint256 size,
        address receiver
    ) external payable receivedBy(receiver) precededBy(first) returns (uint256 payout) {
        optionToken.transferFrom(msg.sender, address(this), id, size);
        return market.redeem(id, size, receiver);
    }

    // ---------------------------------------------------------------- what precedes an action

    /// @return value What is left of the value sent.
    function _prepare(Before calldata first) private returns (uint256 value) {
        value = msg.value;
        for (uint256 i; i < first.permits.length; ++i) _permit(first.permits[i]);
        if (first.priceUpdate.length != 0) {
            uint256 fee = _feeOf(first.priceUpdate, value);
            pyth.updatePriceFeeds{value: fee}(first.priceUpdate);
            value -= fee;
        }
        if (first.settlements.length != 0) value = _settleAll(first.settlements, value);
    }

    function _permit(Permit calldata p) private {
        if (!_isOurs(p.token)) revert ForeignToken(p.token);
        try IERC20Permit(p.token).permit(msg.sender, address(this), p.value, p.deadline, p.v, p.r, p.s) {
            return;
        } catch (bytes memory reason) {
            // Anyone may show a signature that he has seen waiting. What it gives is there all the same.
            if (_isAllowed(p.token, p.value)) return;
            if (reason.length == 0) revert PermitRefused(p.token);
            LowLevelCall.bubbleRevert(reason);
        }
    }

    /// @dev Whoever settles may be paid for it. The market pays its caller, which is the router, so that what arrives
    ///      here meanwhile is the caller's.
    function _settleAll(Settlement[] calldata settlements, uint256 value) private returns (uint256) {
        uint256 held = quoteToken.balanceOf(address(this));
        for (uint256 i; i < settlements.length; ++i) {
            Settlement calldata s = settlements[i];
            if (_isSettled(s.expiry)) continue;
            if (!_isProved(s.expiry)) value = _prove(s, value);
            market.settle(s.expiry);
        }
        uint256 bounty = quoteToken.balanceOf(address(this)) - held;
        if (bounty != 0) quoteToken.safeTransfer(msg.sender, bounty);
        return value;
    }

    function _prove(Settlement calldata s, uint256 value) private returns (uint256) {
        if (s.rule == IExpiryPriceOracle.Rule.FirstRound) {
            expiryPrices.proveFirstRound(s.expiry, s.roundId, s.boundaries);
        } else if (s.rule == IExpiryPriceOracle.Rule.PullUpdate) {
            uint256 fee = _feeOf(s.updateData, value);
            expiryPrices.proveNoRound(s.expiry, s.boundaries);
            expiryPrices.provePullUpdate{value: fee}(s.expiry, s.updateData);
            return value - fee;
        } else if (s.rule == IExpiryPriceOracle.Rule.LastRound) {
            expiryPrices.proveNoRound(s.expiry, s.boundaries);
            expiryPrices.proveLastRound(s.expiry, s.roundId, _without(s.boundaries, s.roundId));
        }
        return value;
    }

    /// @dev The boundaries of the other phases: the last round of all is its own phase's. The oracle checks each.
    function _without(uint80[] calldata boundaries, uint80 roundId) private pure returns (uint80[] memory others) {
        if (boundaries.length == 0) return others;
        others = new uint80[](boundaries.length - 1);
        uint256 count;
        for (uint256 i; i < boundaries.length && count < others.length; ++i) {
            if (boundaries[i] != roundId) others[count++] = boundaries[i];
        }
    }

    /// @dev What the pull feed takes for an update, which the rest of the value must pay.
    function _feeOf(bytes[] calldata updateData, uint256 value) private view returns (uint256 fee) {
        if (address(pyth) == address(0)) revert NoPullFeed();
        fee = pyth.getUpdateFee(updateData);
        if (value < fee) revert FeeTooLow(value, fee);
    }

    // ---------------------------------------------------------------- money in, rest out

    /// @dev Takes `assets` from the caller and allows `spender` exactly these.
    function _takeQuoteFor(address spender, uint256 assets) private {
        quoteToken.safeTransferFrom(msg.sender, address(this), assets);
        quoteToken.forceApprove(spender, assets);
    }

    /// @dev Gives back what `spender` left, and takes back the allowance for it. Without a rest there is neither.
    function _returnQuoteOf(address spender, uint256 rest) private {
        if (rest == 0) return;
        _disallow(spender);
        quoteToken.safeTransfer(msg.sender, rest);
    }

    function _refund(uint256 value) private {
        value = _restOf(value);
        if (value == 0) return;
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, ) = msg.sender.call{value: value}("");
        if (!ok) revert RefundFailed(msg.sender, value);
    }

    // ---------------------------------------------------------------- rules, each one's absence shown by a test

    function _enter() internal virtual {
        if (_entered) revert ReentrantCall();
        _entered = true;
    }

    function _requireInTime(uint256 deadline) internal view virtual {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
    }

    function _requireReceiver(address receiver) internal view virtual {
        if (receiver == address(0) || receiver == address(this)) revert InvalidReceiver(receiver);
    }

    function _requireShares(uint256 shares, uint256 minimum) internal view virtual {
        if (shares < minimum) revert SharesBelowMinimum(shares, minimum);
    }

    function _requireAssets(uint256 assets, uint256 minimum) internal view virtual {
        if (assets < minimum) revert AssetsBelowMinimum(assets, minimum);
    }

    function _isOurs(address token) internal view virtual returns (bool) {
        return token == address(quoteToken) || token == address(vault);
    }

    function _isAllowed(address token, uint256 value) internal view virtual returns (bool) {
        return IERC20(token).allowance(msg.sender, address(this)) >= value;
    }

    function _isSettled(uint256 expiry) internal view virtual returns (bool) {
        return market.expiryOf(expiry).settled;
    }

    function _isProved(uint256 expiry) internal view virtual returns (bool) {
        return expiryPrices.recordOf(expiry).price != 0;
    }

    function _disallow(address spender) internal virtual {
        quoteToken.forceApprove(spender, 0);
    }

    /// @dev Counted, not the balance: what lies here besides is nobody's.
    function _restOf(uint256 value) internal view virtual returns (uint256) {
        return value;
    }
}
