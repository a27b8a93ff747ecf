// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingOracle} from "../../interfaces/IFundingOracle.sol";
import {IHedgeController} from "../../interfaces/IHedgeController.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {IOptionVault} from "../../interfaces/IOptionVault.sol";
import {ISaleLimits} from "../../interfaces/ISaleLimits.sol";
import {ISpotOracle} from "../../interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "../../interfaces/IVolatilitySurface.sol";
import {RiskEngine} from "../../RiskEngine.sol";

/// @notice The risk engine, without the rule that is named.
contract RiskEngineMutant is RiskEngine {
    enum Without {
        Nothing,
        ShareSpread, // N3
        HeldDelta, // N5
        SkewOwed // N3
    }

    Without public without;

    constructor(
        IOptionMarket market_,
        IOptionVault vault_,
        IHedgeController controller_,
        ISpotOracle oracle_,
        IVolatilitySurface surface_,
        IFundingOracle funding_,
        ISaleLimits saleLimits_
    ) RiskEngine(market_, vault_, controller_, oracle_, surface_, funding_, saleLimits_) {}

    function leaveOut(Without without_) external {
        without = without_;
    }

    function _doubt(Findings memory f, uint256 spot, uint256 spotDoubt) internal view override returns (uint256) {
        return without == Without.ShareSpread ? 0 : super._doubt(f, spot, spotDoubt);
    }

    function _spotBeforeExpiry(uint256 expiry, uint256 spot) internal view override returns (uint256) {
        return without == Without.HeldDelta ? spot : super._spotBeforeExpiry(expiry, spot);
    }

    function _skewOwed(uint256 shortVega, uint256 capacity) internal view override returns (uint256) {
        return without == Without.SkewOwed ? 0 : super._skewOwed(shortVega, capacity);
    }
}
