// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IChainlinkPriceFeedV3} from "../venues/curie/ICuriePriceFeed.sol";
import {IClearingHouse} from "../venues/curie/IClearingHouse.sol";
import {ICurieVault} from "../venues/curie/ICurieVault.sol";
import {IUniswapV3PoolPrice} from "./ICurieProtocol.sol";
import {LocalAggregator} from "./LocalAggregator.sol";

/// @title The outside world of a local Curie market, one transaction a step
/// @notice A vAMM follows the market only through trades. This contract posts the new index price and, as an
///         arbitrageur with margin of its own, trades the pool to a target.
contract LocalMarketMover {
    /// @dev 1.0001^(990 / 2) in WAD: the root price of 990 ticks. Curie reverts past 1,000 ticks in 15 s.
    uint256 public constant MAX_SQRT_RATIO = 1.050743e18;
    /// @dev More than any pool here holds: the price limit alone ends the trade.
    uint256 private constant _UNLIMITED_QUOTE = 1e27;
    uint256 private constant _UNLIMITED_BASE = 1e24;

    LocalAggregator public immutable AGGREGATOR;
    IChainlinkPriceFeedV3 public immutable PRICE_FEED;
    IUniswapV3PoolPrice public immutable POOL;
    IClearingHouse public immutable CLEARING_HOUSE;
    address public immutable BASE_TOKEN;
    /// @notice The maker's range: outside it the pool is empty and could not be traded back.
    uint160 public immutable MIN_SQRT_PRICE_X96;
    uint160 public immutable MAX_SQRT_PRICE_X96;

    error TargetOutsideLiquidity(uint160 targetSqrtPriceX96);

    constructor(
        LocalAggregator aggregator,
        IChainlinkPriceFeedV3 priceFeed,
        IUniswapV3PoolPrice pool,
        IClearingHouse clearingHouse,
        address baseToken,
        uint160 minSqrtPriceX96,
        uint160 maxSqrtPriceX96
    ) {
        AGGREGATOR = aggregator;
        PRICE_FEED = priceFeed;
        POOL = pool;
        CLEARING_HOUSE = clearingHouse;
        BASE_TOKEN = baseToken;
        MIN_SQRT_PRICE_X96 = minSqrtPriceX96;
        MAX_SQRT_PRICE_X96 = maxSqrtPriceX96;
    }

    /// @notice Turns the tokens sent here into the arbitrageur's margin.
    function depositMargin(uint256 assets) external {
        ICurieVault curieVault = ICurieVault(CLEARING_HOUSE.getVault());
        IERC20 token = IERC20(curieVault.getSettlementToken());
        token.approve(address(curieVault), assets);
        curieVault.deposit(address(token), assets);
    }

    /// @notice Posts `answer`, has Curie's feed take it over at once, then trades towards the target.
    /// @dev Without `update()` in the same transaction the feed would extrapolate a round it had not seen.
    /// @return reached False when the target is further than one call may move.
    function move(int256 answer, uint160 targetSqrtPriceX96) external returns (bool reached) {
        AGGREGATOR.setAnswer(answer);
        PRICE_FEED.update();
        return _arbitrage(targetSqrtPriceX96);
    }

    /// @notice Trades towards the target, at most 990 ticks.
    function arbitrage(uint160 targetSqrtPriceX96) external returns (bool reached) {
        return _arbitrage(targetSqrtPriceX96);
    }

    function _arbitrage(uint160 targetSqrtPriceX96) private returns (bool reached) {
        if (targetSqrtPriceX96 <= MIN_SQRT_PRICE_X96 || targetSqrtPriceX96 >= MAX_SQRT_PRICE_X96) {
            revert TargetOutsideLiquidity(targetSqrtPriceX96);
        }
        (uint160 current, , , , , , ) = POOL.slot0();
        if (current == targetSqrtPriceX96) return true;

        bool isBuy = targetSqrtPriceX96 > current;
        uint256 furthest =
            isBuy ? (uint256(current) * MAX_SQRT_RATIO) / 1e18 : (uint256(current) * 1e18) / MAX_SQRT_RATIO;
        reached = isBuy ? targetSqrtPriceX96 <= furthest : targetSqrtPriceX96 >= furthest;

        CLEARING_HOUSE.openPosition(
            IClearingHouse.OpenPositionParams({
                baseToken: BASE_TOKEN,
                isBaseToQuote: !isBuy,
                isExactInput: true,
                amount: isBuy ? _UNLIMITED_QUOTE : _UNLIMITED_BASE,
                oppositeAmountBound: 0, // the price limit bounds this trade
                deadline: block.timestamp,
                sqrtPriceLimitX96: reached ? targetSqrtPriceX96 : uint160(furthest),
                referralCode: bytes32(0)
            })
        );
    }
}
