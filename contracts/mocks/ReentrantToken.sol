// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A quote token that calls somebody during each transfer
/// @notice Arms one call, makes it in the middle of the next transfer and keeps what came of it.
contract ReentrantToken is ERC20 {
    address private _target;
    bytes private _call;

    /// @notice Whether the armed call succeeded, and what it returned or reverted with.
    bool public succeeded;
    bytes public returned;
    bool public fired;

    constructor() ERC20("Reentrant USD", "RUSD") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address target, bytes calldata call_) external {
        (_target, _call, fired) = (target, call_, false);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target != address(0) && from != address(0)) {
            address target = _target;
            _target = address(0);
            fired = true;
            // Whatever the call is, its failure is an answer and not ours.
            // solhint-disable-next-line avoid-low-level-calls
            (succeeded, returned) = target.call(_call);
        }
    }
}
