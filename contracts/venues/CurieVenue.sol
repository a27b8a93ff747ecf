// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IPerpVenue} from "../interfaces/IPerpVenue.sol";
import {IAccountBalance} from "./curie/IAccountBalance.sol";
import {IBaseToken} from "./curie/IBaseToken.sol";
import {IClearingHouse} from "./curie/IClearingHouse.sol";
import {IClearingHouseConfig} from "./curie/IClearingHouseConfig.sol";
import {IChainlinkPriceFeedV3, IPriceFeedDispatcher} from "./curie/ICuriePriceFeed.sol";
import {ICurieVault} from "./curie/ICurieVault.sol";
import {IExchange} from "./curie/IExchange.sol";
import {IMarketRegistry} from "./curie/IMarketRegistry.sol";
import {IOrderBook} from "./curie/IOrderBook.sol";
import {IUniswapV3Pool} from "./curie/IUniswapV3Pool.sol";

/// @title The hedge's account on one market of Perp v2 "Curie"
/// @notice Owns the account itself: Curie takes `msg.sender` for the trader. The controller alone moves it, and money
///         leaves to the vault alone.
/// @dev What is peculiar about this protocol, and what is done about it here:
///      - Equity is our own sum, not `getAccountValue`: that one uses the vAMM's mark, which a trader can push, and
///        counts other collateral, which anyone can give us. Only the settlement token counts.
///      - Pending funding is positive when the trader *pays*; open notional is signed against the position. Both are
///        turned round.
///      - A slippage bound of 0 means "none". A bound that computes to 0 is never sent: a sale asks for 1 wei at
///        least, a purchase that may cost nothing is refused here.
///      - `closePosition` and any trade with a price limit may fill in part and say nothing; so does a sale that runs
///        out of liquidity. Every trade here names an exact base amount, no price limit, and the size is read back.
///      - A position of less than 10 wei reads as 0, so the size read back may differ by so much.
///      - An index round that Curie's feed has not taken over and that is older than the funding interval (15 minutes) is
///        extrapolated: the index TWAP overshoots, and with it pending funding and the mark. Any trade, settlement or
///        `priceFeed.update()`, which anyone may call, ends it; a caller that prices shares does so first.
///      - The fill moves the pool at most 1,000 ticks within 15 s of its last anchor, else Curie reverts (EX_OPLAS).
///      - Tokens that were sent here uninvited are neither deposited nor withdrawn: only the amounts named move.
///      - Curie keeps a funding growth of the whole market and shows it to nobody. It shows, for an account, the growth at
///        its last settlement, and what is pending since: with a position and no orders the two give the growth of now,
///        and every account gives the same. Ours serves while it has a position; else a stranger's, whom anyone may name
///        ({nameFundingReference}) because it does not matter whom.
///      - Nothing accrues in Curie until somebody trades or settles; then the premium of that moment is charged for all
///        the time since. {settleFunding} does it for our account, which settles the market's growth.
///      - Anyone may `depositFor` this account. Curie cannot tell that margin from ours, so it is in `State.cash`; the
///        caller, who knows what was sent, decides when it counts.
contract CurieVenue is IPerpVenue {
    using SafeERC20 for IERC20;
    using SafeCast for int256;
    using SafeCast for uint256;

    /// @dev What Curie says of our account, quote WAD except for the size.
    /// @param openNotional Curie's sign: against the position.
    /// @param positionValue Size at Curie's mark, or at the last index while the market is paused.
    struct Account {
        int256 size;
        int256 openNotional;
        int256 accruedFunding;
        int256 cash;
        int256 positionValue;
    }

    /// @dev Curie's own: a position smaller than this reads 0.
    uint256 private constant _DUST = 10;
    uint256 private constant _WAD = 1e18;
    uint256 private constant _RATIO = 1e6; // Curie's 100 %
    int256 private constant _DAY_Q96 = 1 days << 96;
    /// @dev Pending funding is whole wei: on a thousandth of a unit its rounding is 1e-15 of quote a unit.
    uint256 private constant _MIN_REFERENCE = 1e15; // .001
    int256 private constant _DAYS_PER_YEAR = 365;

    /// @notice The only caller that may move the account.
    address public immutable CONTROLLER;
    /// @notice Where margin goes back to.
    address public immutable VAULT;
    IClearingHouse public immutable CLEARING_HOUSE;
    ICurieVault public immutable CURIE_VAULT;
    IAccountBalance public immutable ACCOUNT_BALANCE;
    IExchange public immutable EXCHANGE;
    IClearingHouseConfig public immutable CONFIG;
    IBaseToken public immutable BASE_TOKEN;
    IOrderBook public immutable ORDER_BOOK;
    IMarketRegistry public immutable MARKET_REGISTRY;
    IUniswapV3Pool public immutable POOL;
    IERC20 private immutable _QUOTE_TOKEN;
    /// @dev Quote WAD per token unit, 1e12 for 6 decimals. Curie itself refuses tokens of more than 18.
    uint256 private immutable _UNIT;

    /// @notice Whose position tells the market's funding growth while we have none.
    address public fundingReference;

    event FundingReferenceNamed(address indexed account);

    /// @notice The protocol filled another size than was asked for.
    error PartialFill(int256 filled, int256 sizeDelta);
    /// @notice The account has orders, or less than .001 of a position.
    error NotAFundingReference(address account);
    /// @notice The one that is named still serves.
    error FundingReferenceServes(address account);

    modifier onlyController() {
        if (msg.sender != CONTROLLER) revert NotController(msg.sender);
        _;
    }

    /// @param controller The HedgeController.
    /// @param vault The OptionVault.
    /// @param clearingHouse Curie's entry; the rest of Curie is read from it, so it cannot be mismatched.
    /// @param baseToken The market.
    constructor(address controller, address vault, IClearingHouse clearingHouse, IBaseToken baseToken) {
        CONTROLLER = controller;
        VAULT = vault;
        CLEARING_HOUSE = clearingHouse;
        BASE_TOKEN = baseToken;
        CURIE_VAULT = ICurieVault(clearingHouse.getVault());
        ACCOUNT_BALANCE = IAccountBalance(clearingHouse.getAccountBalance());
        EXCHANGE = IExchange(clearingHouse.getExchange());
        CONFIG = IClearingHouseConfig(clearingHouse.getClearingHouseConfig());
        ORDER_BOOK = IOrderBook(EXCHANGE.getOrderBook());
        MARKET_REGISTRY = IMarketRegistry(EXCHANGE.getMarketRegistry());
        POOL = IUniswapV3Pool(MARKET_REGISTRY.getPool(address(baseToken)));
        address token = CURIE_VAULT.getSettlementToken();
        _QUOTE_TOKEN = IERC20(token);
        _UNIT = 10 ** (18 - IERC20Metadata(token).decimals());
    }

    /// @inheritdoc IPerpVenue
    function depositMargin(uint256 assets) external onlyController {
        _QUOTE_TOKEN.forceApprove(address(CURIE_VAULT), assets);
        CURIE_VAULT.deposit(address(_QUOTE_TOKEN), assets);
        emit MarginDeposited(assets);
    }

    /// @inheritdoc IPerpVenue
    /// @dev Curie settles funding before it pays, and takes a new index round over while it does. Settling first makes
    ///      what is free here what is free there.
    function withdrawMargin(uint256 assets) external onlyController returns (uint256 returned) {
        CLEARING_HOUSE.settleAllFunding(address(this));
        returned = Math.min(assets, _withdrawable(_account()));
        if (returned == 0) return 0;
        CURIE_VAULT.withdraw(address(_QUOTE_TOKEN), returned);
        _QUOTE_TOKEN.safeTransfer(VAULT, returned);
        emit MarginWithdrawn(returned);
    }

    /// @inheritdoc IPerpVenue
    function submit(
        int256 sizeDelta,
        uint256 limitPrice
    ) external onlyController returns (int256 filled, uint256 price) {
        if (sizeDelta == 0) revert ZeroSize();
        bool isBuy = sizeDelta > 0;
        uint256 amount = SignedMath.abs(sizeDelta);

        // The least a sale may bring, the most a purchase may cost: rounded for us, against a bound of 0.
        uint256 quoteBound = Math.mulDiv(amount, limitPrice, _WAD, isBuy ? Math.Rounding.Floor : Math.Rounding.Ceil);
        if (quoteBound == 0) {
            if (isBuy) revert WorseThanLimit(ACCOUNT_BALANCE.getMarkPrice(address(BASE_TOKEN)), limitPrice);
            quoteBound = 1;
        }

        int256 sizeBefore = _size();
        (, uint256 quote) = CLEARING_HOUSE.openPosition(
            IClearingHouse.OpenPositionParams({
                baseToken: address(BASE_TOKEN),
                isBaseToQuote: !isBuy,
                isExactInput: !isBuy,
                amount: amount,
                oppositeAmountBound: quoteBound,
                deadline: block.timestamp,
                sqrtPriceLimitX96: 0,
                referralCode: bytes32(0)
            })
        );
        filled = _size() - sizeBefore;
        if (filled > 0 != isBuy || SignedMath.abs(filled - sizeDelta) >= _DUST) revert PartialFill(filled, sizeDelta);

        price = Math.mulDiv(quote, _WAD, amount, isBuy ? Math.Rounding.Ceil : Math.Rounding.Floor);
        if (isBuy ? price > limitPrice : price < limitPrice) revert WorseThanLimit(price, limitPrice);
        emit Filled(filled, price);
    }

    /// @notice Names an account whose position tells the market's funding growth. Anyone may, when the last one named
    ///         serves no more: the growth is the market's, so every account gives the same.
    function nameFundingReference(address account) external {
        if (!_isFundingReference(account)) revert NotAFundingReference(account);
        if (_isFundingReference(fundingReference)) revert FundingReferenceServes(fundingReference);
        fundingReference = account;
        emit FundingReferenceNamed(account);
    }

    /// @inheritdoc IPerpVenue
    /// @dev With a position of ours the growth is settled and exact. Without one nothing can be settled by us; then at
    ///      least the newest index round is taken over, so that no extrapolated one counts.
    function settleFunding() external returns (int256) {
        CLEARING_HOUSE.settleAllFunding(address(this));
        _takeOverIndex();
        return cumulativeFunding();
    }

    /// @inheritdoc IPerpVenue
    function quoteToken() external view returns (address) {
        return address(_QUOTE_TOKEN);
    }

    /// @inheritdoc IPerpVenue
    /// @dev What is only shown, and whether it may be traded, is read apart: when those reads fail, position and cash are
    ///      known all the same.
    function state() external view returns (State memory) {
        Account memory account = _account();
        (int256 rate, bool isTradable) = (0, false);
        try this.conditions() returns (int256 rate_, bool isTradable_) {
            (rate, isTradable) = (rate_, isTradable_);
        } catch {
            isTradable = false;
        }
        return
            State({
                size: account.size,
                cash: account.cash,
                entryNotional: -account.openNotional,
                accruedFunding: account.accruedFunding,
                markPrice: ACCOUNT_BALANCE.getMarkPrice(address(BASE_TOKEN)),
                indexPrice: BASE_TOKEN.getIndexPrice(0),
                fundingRate: rate,
                maintenanceMargin: Math.mulDiv(SignedMath.abs(account.positionValue), CONFIG.getMmRatio(), _RATIO),
                withdrawable: _withdrawable(account),
                tradable: isTradable
            });
    }

    /// @inheritdoc IPerpVenue
    function markPrice() external view returns (uint256) {
        return ACCOUNT_BALANCE.getMarkPrice(address(BASE_TOKEN));
    }

    /// @inheritdoc IPerpVenue
    function takerFee() external view returns (uint256) {
        return (uint256(MARKET_REGISTRY.getFeeRatio(address(BASE_TOKEN))) * _WAD) / _RATIO;
    }

    /// @inheritdoc IPerpVenue
    /// @dev With the liquidity L in range and prices P = root², a purchase that moves the price by m takes
    ///      L / √P · (1 − 1 / √(1 + m)) of base; a sale to the same distance brings more. Liquidity that begins or ends
    ///      within the move is not looked at.
    function depth(uint256 move) external view returns (uint256) {
        (uint160 sqrtPriceX96, , , , , , ) = POOL.slot0();
        uint256 rootMoved = Math.sqrt((_WAD + move) * _WAD); // √(1 + m), WAD
        uint256 base = Math.mulDiv(POOL.liquidity(), 1 << 96, sqrtPriceX96);
        return Math.mulDiv(base, rootMoved - _WAD, rootMoved);
    }

    /// @notice The momentary funding rate, WAD a year, positive = longs pay, and whether the market can be traded.
    function conditions() external view returns (int256 rate, bool isTradable) {
        return (_fundingRate(), _tradable());
    }

    /// @inheritdoc IPerpVenue
    function cumulativeFunding() public view returns (int256) {
        address account = address(this);
        if (!_isFundingReference(account)) account = fundingReference;
        if (!_isFundingReference(account)) revert CumulativeFundingUnknown();
        IAccountBalance.AccountMarketInfo memory info = ACCOUNT_BALANCE.getAccountInfo(account, address(BASE_TOKEN));
        int256 pending = EXCHANGE.getPendingFundingPayment(account, address(BASE_TOKEN));
        return (info.lastTwPremiumGrowthGlobalX96 * 1e18) / _DAY_Q96 + (pending * 1e18) / info.takerPositionSize;
    }

    /// @dev Liquidity has funding of its own, by range: an account with orders does not tell the market's growth.
    function _isFundingReference(address account) private view returns (bool) {
        int256 size = ACCOUNT_BALANCE.getAccountInfo(account, address(BASE_TOKEN)).takerPositionSize;
        if (SignedMath.abs(size) < _MIN_REFERENCE) return false;
        return account == address(this) || ORDER_BOOK.getOpenOrderIds(account, address(BASE_TOKEN)).length == 0;
    }

    /// @return taken False when there is no newer round, or it is refused: the last good one stays, for Curie as for us.
    function _takeOverIndex() private returns (bool taken) {
        try IChainlinkPriceFeedV3(_priceFeed()).update() {
            return true;
        } catch {
            return false;
        }
    }

    function _priceFeed() private view returns (address) {
        return IPriceFeedDispatcher(BASE_TOKEN.getPriceFeed()).getChainlinkPriceFeedV3();
    }

    function _size() private view returns (int256) {
        return ACCOUNT_BALANCE.getTakerPositionSize(address(this), address(BASE_TOKEN));
    }

    function _account() private view returns (Account memory account) {
        address base = address(BASE_TOKEN);
        (int256 owedRealizedPnl, int256 unrealizedPnl, ) = ACCOUNT_BALANCE.getPnlAndPendingFee(address(this));
        account.size = _size();
        account.openNotional = ACCOUNT_BALANCE.getTakerOpenNotional(address(this), base);
        account.accruedFunding = -EXCHANGE.getPendingFundingPayment(address(this), base);
        account.cash =
            CURIE_VAULT.getBalance(address(this)) * _UNIT.toInt256() +
            owedRealizedPnl +
            account.accruedFunding;
        account.positionValue = unrealizedPnl - account.openNotional;
    }

    /// @dev Curie's free collateral of an account with this one market: the lesser of cash and account value, less the
    ///      initial margin on what it owes (base at the mark for a short, quote at cost for a long). Its own view says
    ///      the same for three times the gas, except that it also counts other collateral.
    ///      Paid from one pot: also at most what the pot holds, and nothing while it is paused.
    function _withdrawable(Account memory account) private view returns (uint256) {
        if (CURIE_VAULT.paused()) return 0;
        int256 unrealizedPnl = account.positionValue + account.openNotional;
        int256 debt = -SignedMath.min(account.openNotional, 0) - SignedMath.min(account.positionValue, 0);
        uint256 initialMargin = Math.mulDiv(debt.toUint256(), CONFIG.getImRatio(), _RATIO);
        int256 free = account.cash + SignedMath.min(unrealizedPnl, 0) - initialMargin.toInt256();
        if (free <= 0) return 0;
        return Math.min(free.toUint256() / _UNIT, _QUOTE_TOKEN.balanceOf(address(CURIE_VAULT)));
    }

    /// @dev Curie charges (market TWAP − index TWAP), clamped, per day. It offers no view of it.
    function _fundingRate() private view returns (int256) {
        uint32 interval = CONFIG.getTwapInterval();
        uint256 indexTwap = BASE_TOKEN.getIndexPrice(interval);
        uint256 sqrtTwapX96 = EXCHANGE.getSqrtMarketTwapX96(address(BASE_TOKEN), interval);
        uint256 marketTwap = Math.mulDiv(Math.mulDiv(sqrtTwapX96, sqrtTwapX96, 1 << 96), _WAD, 1 << 96);

        int256 ratePerDay = ((marketTwap.toInt256() - indexTwap.toInt256()) * 1e18) / indexTwap.toInt256();
        int256 maxRate = ((uint256(CONFIG.getMaxFundingRate()) * _WAD) / _RATIO).toInt256();
        return SignedMath.max(-maxRate, SignedMath.min(maxRate, ratePerDay)) * _DAYS_PER_YEAR;
    }

    /// @dev Curie goes on with the last good price when the newest round is refused. We do not.
    function _tradable() private view returns (bool) {
        if (CLEARING_HOUSE.paused() || !BASE_TOKEN.isOpen()) return false;
        if (EXCHANGE.getMaxTickCrossedWithinBlock(address(BASE_TOKEN)) == 0) return false;
        IChainlinkPriceFeedV3 priceFeed = IChainlinkPriceFeedV3(_priceFeed());
        return priceFeed.getFreezedReason() == 0 && !priceFeed.isTimedOut();
    }
}
