// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IExpiryPriceOracle} from "../../interfaces/IExpiryPriceOracle.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {IOptionToken} from "../../interfaces/IOptionToken.sol";

/// @title A market that trades at the prices it is told
/// @notice The functions of {IOptionMarket} that a router calls, with the errors of the real one. It holds the money.
contract StubMarket {
    using SafeERC20 for IERC20;

    uint256 private constant WAD = 1e18;

    IERC20 public immutable quoteToken;
    IOptionToken public token;
    IExpiryPriceOracle public expiryPrices;

    /// @notice Quote-token units for one option.
    uint256 public premium;
    uint256 public proceeds;
    uint256 public payout;
    /// @notice Quote-token units for whoever settles.
    uint256 public bounty;
    uint256 public lastBuyAtFactor;

    mapping(uint256 expiry => IOptionMarket.Expiry) private _expiries;

    constructor(IERC20 quoteToken_) {
        quoteToken = quoteToken_;
    }

    function setParts(IOptionToken token_, IExpiryPriceOracle expiryPrices_) external {
        (token, expiryPrices) = (token_, expiryPrices_);
    }

    function tell(uint256 premium_, uint256 proceeds_, uint256 payout_, uint256 bounty_) external {
        (premium, proceeds, payout, bounty) = (premium_, proceeds_, payout_, bounty_);
    }

    function list(uint256 expiry) external {
        expiryPrices.recordListing(expiry);
        _expiries[expiry].listed = true;
    }

    function buy(
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external returns (uint256) {
        if (block.timestamp > deadline) revert IOptionMarket.DeadlinePassed(deadline, block.timestamp);
        return _buy(id, size, maxPremium, msg.sender, receiver);
    }

    function buyAtFactor(
        uint256 id,
        uint256 size,
        uint256 factor,
        uint256 maxPremium,
        address buyer,
        address receiver
    ) external returns (uint256) {
        lastBuyAtFactor = factor;
        return _buy(id, size, maxPremium, buyer, receiver);
    }

    function sell(
        uint256 id,
        uint256 size,
        uint256 minProceeds,
        uint256 deadline,
        address receiver
    ) external returns (uint256 paid) {
        if (block.timestamp > deadline) revert IOptionMarket.DeadlinePassed(deadline, block.timestamp);
        paid = (size * proceeds) / WAD;
        if (paid < minProceeds) revert IOptionMarket.ProceedsBelowLimit(paid, minProceeds);
        token.burn(msg.sender, id, size);
        quoteToken.safeTransfer(receiver, paid);
    }

    function settle(uint256 expiry) external returns (uint256 price) {
        IOptionMarket.Expiry storage e = _expiries[expiry];
        if (!e.listed) revert IOptionMarket.ExpiryNotListed(expiry);
        if (e.settled) revert IOptionMarket.ExpiryAlreadySettled(expiry);
        price = expiryPrices.settlementPrice(expiry);
        (e.settled, e.settlementPrice) = (true, uint128(price));
        if (bounty != 0) quoteToken.safeTransfer(msg.sender, bounty);
    }

    function redeem(uint256 id, uint256 size, address receiver) external returns (uint256 paid) {
        token.burn(msg.sender, id, size);
        paid = (size * payout) / WAD;
        quoteToken.safeTransfer(receiver, paid);
    }

    function expiryOf(uint256 expiry) external view returns (IOptionMarket.Expiry memory) {
        return _expiries[expiry];
    }

    function _buy(
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        address buyer,
        address receiver
    ) private returns (uint256 paid) {
        // Rounded up, as the real one does.
        paid = (size * premium + WAD - 1) / WAD;
        if (paid > maxPremium) revert IOptionMarket.PremiumAboveLimit(paid, maxPremium);
        quoteToken.safeTransferFrom(buyer, address(this), paid);
        token.mint(receiver, id, size);
    }
}
