// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

/// @title Options as ERC-6909 tokens: one id a series, WAD amounts, 1e18 = an option on one unit of the underlying
interface IOptionToken is IERC6909 {
    /// @notice Only the OptionMarket mints and burns.
    error NotMarket(address caller);

    /// @notice Options of series `id` in existence, WAD; equals the market's open interest until they are redeemed.
    function totalSupply(uint256 id) external view returns (uint256);

    /// @notice Every id has 18 decimals.
    function decimals(uint256 id) external view returns (uint8);

    /// @notice Creates `amount` of series `id` for `to`. Market only.
    function mint(address to, uint256 id, uint256 amount) external;

    /// @notice Destroys `amount` of series `id` held by `from`. Market only, for what `from` himself redeems.
    function burn(address from, uint256 id, uint256 amount) external;
}
