// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A contract that calls somebody, and calls again, refuses or takes it when ether comes
contract EtherCaller {
    error NoEtherHere();

    bool public refuses;
    address private _target;
    bytes private _call;

    /// @notice Whether the armed call was made, whether it succeeded, and what it returned or reverted with.
    bool public fired;
    bool public succeeded;
    bytes public returned;

    // solhint-disable-next-line no-complex-fallback
    receive() external payable {
        if (refuses) revert NoEtherHere();
        fire();
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    /// @notice Arms one call, made when ether comes or when somebody calls {fire} or {execute}.
    function arm(address target, bytes calldata call_) external {
        (_target, _call, fired) = (target, call_, false);
    }

    /// @notice Calls `target` with all that is sent here, and reverts as it does. What is armed still is called next.
    function execute(address target, bytes calldata call_) external payable {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory answer) = target.call{value: msg.value}(call_);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        fire();
    }

    function fire() public {
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        fired = true;
        // Whatever the call is, its failure is an answer and not ours.
        // solhint-disable-next-line avoid-low-level-calls
        (succeeded, returned) = target.call(_call);
    }
}
