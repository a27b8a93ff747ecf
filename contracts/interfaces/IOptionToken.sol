// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC6909Metadata} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

/// @title Options as ERC-6909 tokens: one id a series, WAD amounts, 1e18 = an option on one unit of the underlying
/// @dev Metadata as ERC-6909 has it: `name` says the option in words, `symbol` is the name that the command line takes,
///      `decimals` is 18 for every id. All three are read off the id.
interface IOptionToken is IERC6909Metadata {
    /// @notice Only the OptionMarket mints and burns.
    error NotMarket(address caller);

    /// @notice Options of series `id` in existence, WAD; equals the market's open interest until they are redeemed.
    function totalSupply(uint256 id) external view returns (uint256);

    /// @notice Creates `amount` of series `id` for `to`. Market only.
    function mint(address to, uint256 id, uint256 amount) external;

    /// @notice Destroys `amount` of series `id` held by `from`. Market only, for what is redeemed or sold back.
    function burn(address from, uint256 id, uint256 amount) external;
}
