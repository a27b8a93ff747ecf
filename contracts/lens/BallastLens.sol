// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IHedgeController} from "../interfaces/IHedgeController.sol";
import {IOptionMarket} from "../interfaces/IOptionMarket.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {IRiskEngine} from "../interfaces/IRiskEngine.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";

/// @title BallastLens: everything that a keeper tick or a page needs, in one `eth_call`
/// @notice All of it belongs to one block, so that no decision mixes two.
contract BallastLens {
    uint256 private constant WAD = 1e18;

    IOptionVault public immutable vault;
    IOptionMarket public immutable market;
    IRiskEngine public immutable riskEngine;
    IHedgeController public immutable controller;
    ISpotOracle public immutable oracle;

    /// @param pricePerShareWad Middle of NAV per whole share, quote WAD per 1e(asset decimals + 6) shares.
    /// @param unsettled Expiries that have passed and wait for `settle`.
    struct Snapshot {
        uint256 blockNumber;
        uint256 timestamp;
        uint256 spotUpdatedAt;
        ISpotOracle.Fault spotFault;
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
        IHedgeController controller_,
        ISpotOracle oracle_
    ) {
        vault = vault_;
        market = market_;
        riskEngine = riskEngine_;
        controller = controller_;
        oracle = oracle_;
    }

    function snapshot() external view returns (Snapshot memory s) {
        s.blockNumber = block.number;
        s.timestamp = block.timestamp;
        (, s.spotUpdatedAt, s.spotFault) = oracle.read();
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
