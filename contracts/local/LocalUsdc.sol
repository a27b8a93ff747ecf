// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A quote token for local chains: anyone mints
/// @notice Stands in for USDC. Never deployed where a real one exists.
contract LocalUsdc is ERC20, ERC20Permit {
    uint8 private immutable _DECIMALS;

    /// @param decimals_ 6 for what USDC does; other values for tests of the conversion edges.
    constructor(uint8 decimals_) ERC20("Local USD Coin", "USDC") ERC20Permit("Local USD Coin") {
        _DECIMALS = decimals_;
    }

    /// @notice Creates `amount` token units for `to`, for whoever asks.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _DECIMALS;
    }
}
