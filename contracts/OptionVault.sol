// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IGasPriceOracle} from "./interfaces/IGasPriceOracle.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISaleLimits} from "./interfaces/ISaleLimits.sol";

/// @title OptionVault: shares in a book of sold options and the hedge that neutralises it
/// @notice SHARE PRICE. A share is a part of NAV = idle quote token − what is owed to holders of settled options +
///         equity at the perpetual venue − the model value of open options, all at guarded spot, live. `totalAssets` and
///         `convertTo*` use the middle of it. Whoever enters pays the ask, whoever leaves gets the bid, each a little to
///         the worse side of the middle: a fee in the sense of ERC-4626 that stays with the remaining shareholders. It
///         is inside `preview*`, outside `convertTo*`. Rounding is always against the caller.
///
///         EXITS. Withdrawals are instant while liquidity is free: what is owed is senior, and the payment must leave the
///         worst loss of the open book covered. `maxWithdraw` and `maxRedeem` say how much that is.
///
///         CLOSED STATES. While the price is untrusted, an expiry waits for settlement, the venue cannot be read or the
///         bid is zero, deposits and instant exits are closed: `max*` return 0 and the calls revert with {VaultClosed}
///         and the reason. `totalAssets` answers all the same, from the last positive price.
///
///         RE-ENTRANCY. Vault, market and controller share one lock. While it is held every state-changing call
///         reverts, `max*` return 0 and `totalAssets`, `convertTo*` and `preview*` revert with {ReentrantCall}: a
///         deviation from ERC-4626, which forbids them to revert, and the lesser evil.
///
///         DONATIONS. Tokens sent here without a deposit are not counted and do not move the share price.
///
///         ROLES. None. Market, risk engine and controller are named at construction and cannot change; there is no
///         pause, no upgrade and no sweep. What the market and the controller can do here is what the functions marked
///         "only" say, nothing else.
contract OptionVault is ERC4626, ERC20Permit, IOptionVault {
    using Math for uint256;
    using SafeERC20 for IERC20;

    address public immutable market;
    address public immutable controller;
    IRiskEngine public immutable riskEngine;
    ISaleLimits public immutable saleLimits;
    IGasPriceOracle public immutable gasPriceOracle;
    /// @inheritdoc IOptionVault
    uint256 public immutable assetScale;

    /// @inheritdoc IOptionVault
    uint256 public idle;
    /// @inheritdoc IOptionVault
    uint256 public owed;
    /// @inheritdoc IOptionVault
    bool public transient inProgress;

    modifier only(address system) {
        if (msg.sender != system) revert NotSystem(msg.sender);
        _;
    }

    modifier locked() {
        _takeLock();
        _;
        inProgress = false;
    }

    constructor(
        IERC20 asset_,
        address market_,
        address controller_,
        IRiskEngine riskEngine_,
        ISaleLimits saleLimits_,
        IGasPriceOracle gasPriceOracle_,
        string memory name_,
        string memory symbol_
    ) ERC4626(asset_) ERC20(name_, symbol_) ERC20Permit(name_) {
        uint8 decimals_ = IERC20Metadata(address(asset_)).decimals();
        if (decimals_ > 18) revert TooManyDecimals(decimals_);
        assetScale = 10 ** (18 - decimals_);
        market = market_;
        controller = controller_;
        riskEngine = riskEngine_;
        saleLimits = saleLimits_;
        gasPriceOracle = gasPriceOracle_;
    }

    // ---------------------------------------------------------------- the system's own calls

    /// @inheritdoc IOptionVault
    function lock() external {
        _onlyMarketOrController();
        _takeLock();
    }

    /// @inheritdoc IOptionVault
    function unlock() external {
        _onlyMarketOrController();
        inProgress = false;
    }

    /// @inheritdoc IOptionVault
    function collectPremium(uint256 assets) external only(market) {
        _credit(assets);
        emit PremiumCollected(assets);
    }

    /// @inheritdoc IOptionVault
    function recordClaims(uint256 assets) external only(market) {
        owed += assets;
        emit ClaimsRecorded(assets);
    }

    /// @inheritdoc IOptionVault
    function payClaim(address receiver, uint256 assets) external only(market) {
        if (assets > idle) revert InsufficientIdle(assets, idle);
        owed -= assets;
        idle -= assets;
        emit ClaimPaid(receiver, assets);
        IERC20(asset()).safeTransfer(receiver, assets);
    }

    /// @inheritdoc IOptionVault
    function releaseClaims(uint256 assets) external only(market) {
        owed -= assets;
        emit ClaimsReleased(assets);
    }

    /// @inheritdoc IOptionVault
    function payBuyback(address receiver, uint256 assets) external only(market) {
        _spendUnowed(assets);
        emit BuybackPaid(receiver, assets);
        IERC20(asset()).safeTransfer(receiver, assets);
    }

    /// @inheritdoc IOptionVault
    function sendMargin(address venue, uint256 assets) external only(controller) {
        _spendUnowed(assets);
        emit MarginSent(venue, assets);
        IERC20(asset()).safeTransfer(venue, assets);
    }

    /// @inheritdoc IOptionVault
    function receiveMargin(address venue, uint256 assets) external only(controller) {
        _credit(assets);
        emit MarginReturned(venue, assets);
    }

    // ---------------------------------------------------------------- depositors

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver) public override(ERC4626, IERC4626) returns (uint256 shares) {
        shares = _sharesAtAsk(assets, _requireOpen());
        _deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver) public override(ERC4626, IERC4626) returns (uint256 assets) {
        assets = _assetsAtAsk(shares, _requireOpen());
        _deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets,
        address receiver,
        address owner
    ) public override(ERC4626, IERC4626) returns (uint256 shares) {
        IRiskEngine.Valuation memory v = _requireOpen();
        uint256 most = _maxWithdraw(owner, v);
        if (assets > most) revert ERC4626ExceededMaxWithdraw(owner, assets, most);
        shares = _sharesAtBid(assets, v);
        _withdraw(msg.sender, receiver, owner, assets, shares);
    }

    /// @inheritdoc IERC4626
    function redeem(
        uint256 shares,
        address receiver,
        address owner
    ) public override(ERC4626, IERC4626) returns (uint256 assets) {
        IRiskEngine.Valuation memory v = _requireOpen();
        uint256 most = _maxRedeem(owner, v);
        if (shares > most) revert ERC4626ExceededMaxRedeem(owner, shares, most);
        assets = _assetsAtBid(shares, v);
        _withdraw(msg.sender, receiver, owner, assets, shares);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IERC4626
    /// @dev The middle of the valuation. It answers in closed states too.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        return _valuation().mid / assetScale;
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        return _isOpen() ? type(uint256).max : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626, IERC4626) returns (uint256) {
        return _isOpen() ? type(uint256).max : 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        return _isOpen() ? _maxWithdraw(owner, _valuation()) : 0;
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        return _isOpen() ? _maxRedeem(owner, _valuation()) : 0;
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256 shares) {
        return _sharesAtAsk(assets, _valuation());
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256 assets) {
        return _assetsAtAsk(shares, _valuation());
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256 shares) {
        return _sharesAtBid(assets, _valuation());
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256 assets) {
        return _assetsAtBid(shares, _valuation());
    }

    /// @notice The asset's decimals plus six.
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return super.decimals();
    }

    // ---------------------------------------------------------------- internal

    /// @dev Shares carry six decimals more than the asset: an attacker who inflates the price of the first share would
    ///      lose a million times what his victim's rounding loses.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override locked {
        if (assets == 0 || shares == 0) revert ZeroAmount();
        super._deposit(caller, receiver, assets, shares);
        _credit(assets);
    }

    function _withdraw(
        address caller,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares
    ) internal override locked {
        if (assets == 0 || shares == 0) revert ZeroAmount();
        idle -= assets;
        super._withdraw(caller, receiver, owner, assets, shares);
    }

    /// @dev What is owed is senior: only the rest may be spent.
    function _spendUnowed(uint256 assets) private {
        uint256 available = idle.saturatingSub(owed);
        if (assets > available) revert InsufficientIdle(assets, available);
        idle -= assets;
    }

    /// @dev Counts what has just arrived; a token that takes a fee on transfer would leave less here than is counted.
    function _credit(uint256 assets) private {
        uint256 counted = idle + assets;
        uint256 held = IERC20(asset()).balanceOf(address(this));
        if (held < counted) revert TransferShort(assets, held.saturatingSub(idle));
        idle = counted;
    }

    /// @dev Every call of vault, market and controller comes through here, so the stored gas price is kept here.
    function _takeLock() private {
        if (inProgress) revert ReentrantCall();
        inProgress = true;
        gasPriceOracle.update();
    }

    function _onlyMarketOrController() private view {
        if (msg.sender != market && msg.sender != controller) revert NotSystem(msg.sender);
    }

    /// @dev Sales are admitted against what was computed here (RULES.md S4).
    function _requireOpen() private returns (IRiskEngine.Valuation memory v) {
        if (inProgress) revert ReentrantCall();
        v = saleLimits.renew();
        if (v.closure != IRiskEngine.Closure.None) revert VaultClosed(v.closure);
    }

    function _isOpen() private view returns (bool) {
        return !inProgress && riskEngine.valuation().closure == IRiskEngine.Closure.None;
    }

    function _valuation() private view returns (IRiskEngine.Valuation memory) {
        if (inProgress) revert ReentrantCall();
        return riskEngine.valuation();
    }

    function _maxWithdraw(address owner, IRiskEngine.Valuation memory v) private view returns (uint256) {
        return _assetsAtBid(balanceOf(owner), v).min(v.freeLiquidity);
    }

    function _maxRedeem(address owner, IRiskEngine.Valuation memory v) private view returns (uint256 shares) {
        shares = balanceOf(owner);
        if (_assetsAtBid(shares, v) > v.freeLiquidity) {
            // The largest number of shares that is worth no more than what is free.
            shares = (v.freeLiquidity + 1).mulDiv(_virtualSupply(), v.bid / assetScale + 1, Math.Rounding.Ceil) - 1;
        }
        // Shares worth less than the token's smallest unit cannot be redeemed for nothing.
        if (_assetsAtBid(shares, v) == 0) return 0;
    }

    function _sharesAtAsk(uint256 assets, IRiskEngine.Valuation memory v) private view returns (uint256) {
        return assets.mulDiv(_virtualSupply(), v.ask.ceilDiv(assetScale) + 1, Math.Rounding.Floor);
    }

    function _assetsAtAsk(uint256 shares, IRiskEngine.Valuation memory v) private view returns (uint256) {
        return shares.mulDiv(v.ask.ceilDiv(assetScale) + 1, _virtualSupply(), Math.Rounding.Ceil);
    }

    function _sharesAtBid(uint256 assets, IRiskEngine.Valuation memory v) private view returns (uint256) {
        return assets.mulDiv(_virtualSupply(), v.bid / assetScale + 1, Math.Rounding.Ceil);
    }

    function _assetsAtBid(uint256 shares, IRiskEngine.Valuation memory v) private view returns (uint256) {
        return shares.mulDiv(v.bid / assetScale + 1, _virtualSupply(), Math.Rounding.Floor);
    }

    function _virtualSupply() private view returns (uint256) {
        return totalSupply() + 10 ** _decimalsOffset();
    }
}
