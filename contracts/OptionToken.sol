// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IOptionToken} from "./interfaces/IOptionToken.sol";

/// @title Options as transferable ERC-6909 tokens
/// @notice One id per series (see {SeriesId}); the OptionMarket alone mints what is sold and burns what is redeemed.
contract OptionToken is ERC6909, IOptionToken {
    address public immutable market;

    /// @inheritdoc IOptionToken
    mapping(uint256 id => uint256) public totalSupply;

    modifier onlyMarket() {
        if (msg.sender != market) revert NotMarket(msg.sender);
        _;
    }

    constructor(address market_) {
        market = market_;
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

    /// @inheritdoc IOptionToken
    function decimals(uint256) external pure returns (uint8) {
        return 18;
    }
}
