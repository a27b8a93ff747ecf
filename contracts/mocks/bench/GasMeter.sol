// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Measures what calls cost, the call itself included: the caller subtracts the cost of an empty function.
contract GasMeter {
    /// @notice Gas and returned data of each call. A call that reverts costs `type(uint256).max`.
    function measure(
        address target,
        bytes[] calldata calls
    ) external view returns (uint256[] memory gas, bytes[] memory results) {
        gas = new uint256[](calls.length);
        results = new bytes[](calls.length);
        // The first call of a transaction pays for touching the account.
        _measure(target, calls[0]);
        for (uint256 i; i < calls.length; ++i) {
            (gas[i], results[i]) = _measure(target, calls[i]);
        }
    }

    function _measure(address target, bytes memory data) private view returns (uint256 used, bytes memory result) {
        bool success;
        assembly ("memory-safe") {
            let before := gas()
            success := staticcall(gas(), target, add(data, 0x20), mload(data), 0, 0)
            used := sub(before, gas())
            result := mload(0x40)
            mstore(result, returndatasize())
            returndatacopy(add(result, 0x20), 0, returndatasize())
            mstore(0x40, and(add(add(result, 0x3f), returndatasize()), not(0x1f)))
        }
        if (!success) used = type(uint256).max;
    }
}
