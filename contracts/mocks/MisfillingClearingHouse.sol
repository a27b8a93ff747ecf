// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IClearingHouse} from "../venues/curie/IClearingHouse.sol";

/// @title A Curie that fills as it is told, whatever was asked for
/// @notice Stands for every core contract that CurieVenue reads while it trades.
contract MisfillingClearingHouse {
    address public immutable TOKEN;
    int256 public size;
    int256 public nextFill;
    uint256 public nextQuote;
    /// @notice The bound that the last order named, and the mock ignored.
    uint256 public lastBound;

    constructor(address token) {
        TOKEN = token;
    }

    /// @notice The next order changes the position by `fill` and reports `quote` exchanged.
    function setNextFill(int256 fill, uint256 quote) external {
        nextFill = fill;
        nextQuote = quote;
    }

    function openPosition(IClearingHouse.OpenPositionParams calldata params) external returns (uint256, uint256) {
        size += nextFill;
        lastBound = params.oppositeAmountBound;
        return (params.amount, nextQuote);
    }

    function getTakerPositionSize(address, address) external view returns (int256) {
        return size;
    }

    function getSettlementToken() external view returns (address) {
        return TOKEN;
    }

    function getOrderBook() external view returns (address) {
        return address(this);
    }

    function getMarketRegistry() external view returns (address) {
        return address(this);
    }

    function getPool(address) external view returns (address) {
        return address(this);
    }

    function getVault() external view returns (address) {
        return address(this);
    }

    function getExchange() external view returns (address) {
        return address(this);
    }

    function getAccountBalance() external view returns (address) {
        return address(this);
    }

    function getClearingHouseConfig() external view returns (address) {
        return address(this);
    }
}
