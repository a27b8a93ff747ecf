// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The gas price that fixed costs are computed with
/// @notice An exponential average of the base fee with a half-life of an hour (RULES.md P4), in wei per gas. It is kept
///         because `block.basefee` reads 0 in an `eth_call`: a view on it would disagree with the transaction.
interface IGasPriceOracle {
    /// @notice The stored average, wei per gas: the same in a call and in a transaction, and the same before and after
    ///         an {update} in one block whatever that block's base fee is.
    function gasPrice() external view returns (uint256);

    /// @notice Lets the sample of the last update count for the time since, and takes this block's base fee as the
    ///         next sample. By anyone, at any time; a second call in a block does nothing.
    /// @return average The new stored average, wei per gas.
    function update() external returns (uint256 average);
}
