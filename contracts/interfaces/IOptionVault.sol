// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IRiskEngine} from "./IRiskEngine.sol";

/// @title The vault as its depositors and its own contracts see it
/// @dev Token assumptions: no fee on transfer, no rebase, no false return, at most 18 decimals. A token that delivers
///      less than it was asked for is refused with {TransferShort}.
interface IOptionVault is IERC4626 {
    event PremiumCollected(uint256 assets);
    event ClaimsRecorded(uint256 assets);
    event ClaimPaid(address indexed receiver, uint256 assets);
    event ClaimsReleased(uint256 assets);
    event BuybackPaid(address indexed receiver, uint256 assets);
    event MarginSent(address indexed venue, uint256 assets);
    event MarginReturned(address indexed venue, uint256 assets);

    /// @notice Only the contract named may call.
    error NotSystem(address caller);
    /// @notice Entering or leaving is closed for the reason given.
    error VaultClosed(IRiskEngine.Closure closure);
    /// @notice The call came while another of our calls is in progress.
    error ReentrantCall();
    /// @notice More was asked for than lies idle after senior claims.
    error InsufficientIdle(uint256 requested, uint256 available);
    /// @notice The token delivered less than it was asked for.
    error TransferShort(uint256 expected, uint256 received);
    /// @notice A deposit or withdrawal that moves nothing.
    error ZeroAmount();
    /// @notice The vault's token has more decimals than the 18 that everything is scaled to.
    error TooManyDecimals(uint8 decimals);

    /// @notice Quote-token units that the vault holds and counts. A donation is not among them.
    function idle() external view returns (uint256);

    /// @notice Quote-token units owed to holders of settled options: senior to every share.
    function owed() external view returns (uint256);

    /// @notice True while a state-changing call of the vault, market or controller is in progress.
    function inProgress() external view returns (bool);

    /// @notice 10^(18 − decimals): quote WAD per quote-token unit.
    function assetScale() external view returns (uint256);

    /// @notice Takes the lock that vault, market and controller share. Market and controller only.
    function lock() external;

    /// @notice Gives the lock back. Market and controller only.
    function unlock() external;

    /// @notice Counts a premium that the market has just had transferred here. Market only.
    function collectPremium(uint256 assets) external;

    /// @notice Sets `assets` aside as owed to holders of settled options. Market only.
    function recordClaims(uint256 assets) external;

    /// @notice Pays a holder from what is owed. Market only.
    function payClaim(address receiver, uint256 assets) external;

    /// @notice Pays a trader for options sold back, from what is idle and not owed. Market only.
    function payBuyback(address receiver, uint256 assets) external;

    /// @notice Returns rounding dust of a fully redeemed series to the shareholders. Market only.
    function releaseClaims(uint256 assets) external;

    /// @notice Sends margin to a venue adapter. Controller only.
    function sendMargin(address venue, uint256 assets) external;

    /// @notice Counts margin that a venue adapter has just sent here. Controller only.
    function receiveMargin(address venue, uint256 assets) external;
}
