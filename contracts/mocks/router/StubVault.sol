// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// @title A vault without a book: shares at one price, less a fee that it is told
contract StubVault is ERC4626, ERC20Permit {
    /// @notice Basis points kept from whoever enters or leaves.
    uint256 public feeBps;

    constructor(IERC20 asset_) ERC4626(asset_) ERC20("Stub Vault", "SV") ERC20Permit("Stub Vault") {}

    function tellFee(uint256 feeBps_) external {
        feeBps = feeBps_;
    }

    function previewDeposit(uint256 assets) public view override returns (uint256) {
        return (super.previewDeposit(assets) * (10_000 - feeBps)) / 10_000;
    }

    function previewRedeem(uint256 shares) public view override returns (uint256) {
        return (super.previewRedeem(shares) * (10_000 - feeBps)) / 10_000;
    }

    function decimals() public view override(ERC20, ERC4626) returns (uint8) {
        return super.decimals();
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }
}
