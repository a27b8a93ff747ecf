// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPerpVenue} from "../interfaces/IPerpVenue.sol";

/// @title A venue that can be told to misbehave
/// @notice Fills at the price it is told, or a part, or the wrong way; its state can lie, revert or burn all gas.
contract MisbehavingVenue is IPerpVenue {
    enum Fault {
        None,
        Revert,
        RevertWithoutData,
        BurnAllGas,
        FillNothing,
        FillHalf,
        FillDouble,
        FillOpposite
    }

    address public immutable controller;
    address public immutable vault;
    address public immutable quoteToken;

    State private _state;
    Fault public fault;
    int256 private _cumulativeFunding;
    uint256 public takerFee = 0.001e18; // .1 %
    /// @dev What {depth} answers whatever the move.
    uint256 private _depth = 1_000e18;

    error ToldToRevert();

    constructor(address controller_, address vault_, address quoteToken_) {
        controller = controller_;
        vault = vault_;
        quoteToken = quoteToken_;
        _state.tradable = true;
        _state.markPrice = 3000e18;
        _state.indexPrice = 3000e18;
    }

    function setFault(Fault fault_) external {
        fault = fault_;
    }

    function setState(State calldata state_) external {
        _state = state_;
    }

    /// @notice Mark and index alone.
    function setMark(uint256 price) external {
        _state.markPrice = price;
        _state.indexPrice = price;
    }

    function setCumulativeFunding(int256 cumulative) external {
        _cumulativeFunding = cumulative;
    }

    function setTakerFee(uint256 fee) external {
        takerFee = fee;
    }

    function setDepth(uint256 depth_) external {
        _depth = depth_;
    }

    function depositMargin(uint256 assets) external {
        _state.cash += int256(assets * 1e12);
        _state.withdrawable += assets;
    }

    function withdrawMargin(uint256 assets) external returns (uint256 returned) {
        returned = assets < _state.withdrawable ? assets : _state.withdrawable;
        _state.withdrawable -= returned;
        _state.cash -= int256(returned * 1e12);
        IERC20(quoteToken).transfer(vault, returned);
    }

    function submit(int256 sizeDelta, uint256 limitPrice) external returns (int256 filled, uint256 price) {
        _misbehave();
        filled = sizeDelta;
        if (fault == Fault.FillNothing) filled = 0;
        if (fault == Fault.FillHalf) filled = sizeDelta / 2;
        if (fault == Fault.FillDouble) filled = sizeDelta * 2;
        if (fault == Fault.FillOpposite) filled = -sizeDelta;
        price = _state.markPrice;
        if (sizeDelta > 0 ? price > limitPrice : price < limitPrice) revert WorseThanLimit(price, limitPrice);
        _state.size += filled;
        _state.entryNotional += (filled * int256(price)) / 1e18;
    }

    function settleFunding() external view returns (int256) {
        return cumulativeFunding();
    }

    function state() external view returns (State memory) {
        _misbehave();
        return _state;
    }

    function markPrice() external view returns (uint256) {
        _misbehave();
        return _state.markPrice;
    }

    function depth(uint256) external view returns (uint256) {
        _misbehave();
        return _depth;
    }

    function cumulativeFunding() public view returns (int256) {
        _misbehave();
        return _cumulativeFunding;
    }

    function _misbehave() private view {
        if (fault == Fault.Revert) revert ToldToRevert();
        if (fault == Fault.RevertWithoutData) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        if (fault == Fault.BurnAllGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
    }
}
