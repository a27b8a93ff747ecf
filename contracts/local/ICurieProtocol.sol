// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAccountBalance} from "../venues/curie/IAccountBalance.sol";
import {IBaseToken} from "../venues/curie/IBaseToken.sol";
import {IChainlinkPriceFeedV3} from "../venues/curie/ICuriePriceFeed.sol";
import {IClearingHouse} from "../venues/curie/IClearingHouse.sol";
import {IClearingHouseConfig} from "../venues/curie/IClearingHouseConfig.sol";
import {ICurieVault} from "../venues/curie/ICurieVault.sol";
import {IExchange} from "../venues/curie/IExchange.sol";

// What local chains and tests call of Curie beyond what the adapter does: makers, owners, liquidators, cross-checks.
// The TypeScript of scripts/ and test/ takes its types from here.

interface ICurieClearingHouse is IClearingHouse {
    // Curie's order of fields is the ABI.
    // solhint-disable-next-line gas-struct-packing
    struct AddLiquidityParams {
        address baseToken;
        uint256 base;
        uint256 quote;
        int24 lowerTick;
        int24 upperTick;
        uint256 minBase;
        uint256 minQuote;
        bool useTakerBalance;
        uint256 deadline;
    }

    struct AddLiquidityResponse {
        uint256 base;
        uint256 quote;
        uint256 fee;
        uint128 liquidity;
    }

    /// @param fundingPayment WAD, positive = the trader paid.
    event FundingPaymentSettled(address indexed trader, address indexed baseToken, int256 fundingPayment);

    function addLiquidity(AddLiquidityParams calldata params) external returns (AddLiquidityResponse memory);
    function liquidate(address trader, address baseToken) external;
    function liquidate(address trader, address baseToken, int256 positionSize) external;
    function quitMarket(address trader, address baseToken) external returns (uint256 base, uint256 quote);
    function pause() external;
    function unpause() external;
    /// @notice WAD, floored to a token unit, at Curie's mark, other collateral included.
    function getAccountValue(address trader) external view returns (int256);
}

interface ICurieMarginVault is ICurieVault {
    function depositFor(address to, address token, uint256 amount) external;
    function pause() external;
    function unpause() external;
    /// @notice What `withdraw(token)` would pay at most.
    function getFreeCollateralByToken(address trader, address token) external view returns (uint256);
}

interface ICurieAccountBalance is IAccountBalance {
    function getMarginRequirementForLiquidation(address trader) external view returns (int256);
}

interface ICurieCollateralManager {
    /// @param collateralRatio Share of its value that counts as margin, 1e6 = 100 %.
    // Curie's order of fields is the ABI.
    // solhint-disable-next-line gas-struct-packing
    struct Config {
        address priceFeed;
        uint24 collateralRatio;
        uint24 discountRatio;
        uint256 depositCap;
    }

    function addCollateral(address token, Config calldata config) external;
}

interface ICurieExchange is IExchange {
    function setMaxTickCrossedWithinBlock(address baseToken, uint24 maxTickCrossedWithinBlock) external;
}

interface ICurieBaseToken is IBaseToken {
    function pause() external;
    function close(uint256 closedPrice) external;
}

interface ICurieConfig is IClearingHouseConfig {
    function setMaxFundingRate(uint24 rate) external;
}

interface ICurieIndexFeed is IChainlinkPriceFeedV3 {
    function getPrice(uint256 interval) external view returns (uint256);
}

/// @notice The pool behind a Curie market.
interface IUniswapV3PoolPrice {
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );
}
