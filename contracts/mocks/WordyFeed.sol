// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A feed that answers every call with what it is told
/// @notice Words of any number and value: answers that no compiler's decoder would accept.
contract WordyFeed {
    bytes private _answer;

    function say(bytes calldata answer) external {
        _answer = answer;
    }

    // Any function may be asked for.
    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        bytes memory answer = _answer;
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }
}
