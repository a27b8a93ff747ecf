// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IHedgeController} from "../interfaces/IHedgeController.sol";
import {IOptionMarket} from "../interfaces/IOptionMarket.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {IRiskEngine} from "../interfaces/IRiskEngine.sol";
import {IFundingOracle} from "../interfaces/IFundingOracle.sol";
import {ISaleLimits} from "../interfaces/ISaleLimits.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "../interfaces/IVolatilitySurface.sol";
import {IRealisedVolatilityOracle} from "../interfaces/IRealisedVolatilityOracle.sol";

/// @title BallastLens: everything that a keeper tick or a page needs, in one `eth_call`
/// @notice All of it belongs to one block, so that no decision mixes two.
contract BallastLens {
    uint256 private constant WAD = 1e18;

    IOptionVault public immutable vault;
    IOptionMarket public immutable market;
    IRiskEngine public immutable riskEngine;
    ISaleLimits public immutable saleLimits;
    IHedgeController public immutable controller;
    ISpotOracle public immutable oracle;
    IVolatilitySurface public immutable surface;
    IFundingOracle public immutable funding;
    IRealisedVolatilityOracle public immutable realised;

    /// @param pricePerShareWad Middle of NAV per whole share, quote WAD per 1e(asset decimals + 6) shares.
    /// @param fundingAverages What expected carry is made of.
    /// @param realisedVolatility Annual, WAD; with `realisedAsOf` zero until its first days are brought.
    /// @param checkpointTime When the sales' checkpoint was renewed, Unix seconds.
    /// @param unsettled Expiries that have passed and wait for `settle`.
    struct Snapshot {
        uint256 blockNumber;
        uint256 timestamp;
        uint256 spotUpdatedAt;
        ISpotOracle.Fault spotFault;
        ISpotOracle.Source spotSource;
        IVolatilitySurface.Closure surfaceClosure;
        IFundingOracle.Averages fundingAverages;
        uint256 realisedVolatility;
        uint256 realisedAsOf;
        uint256 checkpointTime;
        IRiskEngine.Valuation valuation;
        IRiskEngine.Book book;
        IHedgeController.HedgeState hedge;
        uint256 idle;
        uint256 owed;
        uint256 totalSupply;
        uint256 pricePerShareWad;
        uint256[] liveExpiries;
        uint256[] unsettled;
    }

    constructor(
        IOptionVault vault_,
        IOptionMarket market_,
        IRiskEngine riskEngine_,
        ISaleLimits saleLimits_,
        IHedgeController controller_,
        ISpotOracle oracle_,
        IVolatilitySurface surface_,
        IFundingOracle funding_,
        IRealisedVolatilityOracle realised_
    ) {
        vault = vault_;
        market = market_;
        riskEngine = riskEngine_;
        saleLimits = saleLimits_;
        controller = controller_;
        oracle = oracle_;
        surface = surface_;
        funding = funding_;
        realised = realised_;
    }

    function snapshot() external view returns (Snapshot memory s) {
        s.blockNumber = block.number;
        s.timestamp = block.timestamp;
        ISpotOracle.Spot memory price = oracle.read(surface.sigma());
        (s.spotUpdatedAt, s.spotFault, s.spotSource) = (price.updatedAt, price.fault, price.source);
        s.surfaceClosure = surface.closure();
        s.fundingAverages = funding.averages();
        (s.realisedVolatility, s.realisedAsOf) = _realised();
        s.checkpointTime = saleLimits.checkpoint().time;
        s.valuation = riskEngine.valuation();
        // Without any price, an unreadable feed's, there is nothing to price the book at: it reads as empty.
        if (s.valuation.spot != 0) s.book = riskEngine.book(s.valuation.spot);
        s.hedge = controller.hedgeState();
        s.idle = vault.idle();
        s.owed = vault.owed();
        s.totalSupply = vault.totalSupply();
        s.pricePerShareWad = _pricePerShare(s.valuation.mid, s.totalSupply);
        s.liveExpiries = market.liveExpiries();
        s.unsettled = _unsettled(s.liveExpiries);
    }

    /// @dev Zero and zero until its first days are brought.
    function _realised() private view returns (uint256, uint256) {
        try realised.realisedVolatility() returns (uint256 volatility, uint256 asOf) {
            return (volatility, asOf);
        } catch {
            return (0, 0);
        }
    }

    /// @dev The vault's own conversion of one whole share, without valuing everything once more.
    function _pricePerShare(uint256 mid, uint256 totalSupply) private view returns (uint256) {
        uint256 scale = vault.assetScale();
        uint256 shares = 10 ** vault.decimals();
        uint256 virtualShares = (shares * scale) / WAD;
        return Math.mulDiv(shares, mid / scale + 1, totalSupply + virtualShares) * scale;
    }

    function _unsettled(uint256[] memory live) private view returns (uint256[] memory passed) {
        passed = new uint256[](live.length);
        uint256 count;
        for (uint256 i; i < live.length; ++i) {
            if (live[i] <= block.timestamp) passed[count++] = live[i];
        }
        // Shortens the array to what was found.
        assembly ("memory-safe") {
            mstore(passed, count)
        }
    }
}
