// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IERC6909Metadata} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ShortString, ShortStrings} from "@openzeppelin/contracts/utils/ShortStrings.sol";
import {IOptionToken} from "./interfaces/IOptionToken.sol";
import {SeriesName} from "./libraries/SeriesName.sol";

/// @title Options as transferable ERC-6909 tokens
/// @notice One id per series (see {SeriesId}); the OptionMarket alone mints what is sold and burns what comes back. Name
///         and symbol are read off the id, so that a wallet can show what an option is before anybody registers it.
contract OptionToken is ERC6909, IOptionToken {
    using ShortStrings for ShortString;
    using ShortStrings for string;

    address public immutable market;

    ShortString private immutable _underlying;

    /// @inheritdoc IOptionToken
    mapping(uint256 id => uint256) public totalSupply;

    modifier onlyMarket() {
        if (msg.sender != market) revert NotMarket(msg.sender);
        _;
    }

    /// @param underlying What the options are on, such as ETH; at most 31 bytes.
    constructor(address market_, string memory underlying) {
        market = market_;
        _underlying = underlying.toShortString();
    }

    /// @inheritdoc IOptionToken
    function mint(address to, uint256 id, uint256 amount) external onlyMarket {
        totalSupply[id] += amount;
        _mint(to, id, amount);
    }

    /// @inheritdoc IOptionToken
    function burn(address from, uint256 id, uint256 amount) external onlyMarket {
        _burn(from, id, amount);
        totalSupply[id] -= amount;
    }

    /// @inheritdoc IERC6909Metadata
    function name(uint256 id) external view returns (string memory) {
        return SeriesName.name(id, _underlying.toString());
    }

    /// @inheritdoc IERC6909Metadata
    function symbol(uint256 id) external view returns (string memory) {
        return SeriesName.symbol(id, _underlying.toString());
    }

    /// @inheritdoc IERC6909Metadata
    function decimals(uint256) external pure returns (uint8) {
        return 18;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC6909, IERC165) returns (bool) {
        return interfaceId == type(IERC6909Metadata).interfaceId || super.supportsInterface(interfaceId);
    }
}
