// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {AbstractPyth} from "@pythnetwork/pyth-sdk-solidity/AbstractPyth.sol";
import {PythErrors} from "@pythnetwork/pyth-sdk-solidity/PythErrors.sol";
import {PythStructs} from "@pythnetwork/pyth-sdk-solidity/PythStructs.sol";

/// @title A pull feed with the face of Pyth, for local chains
/// @notice An update is `abi.encode(Update, signature)`. With a publisher only blobs that he signed count; without one
///         anyone writes them. As at Pyth, {parsePriceFeedUpdatesUnique} takes an update only when its predecessor was
///         published before the window (Pyth's own mock does not check that). The averages are the prices themselves.
contract LocalPyth is AbstractPyth {
    using MessageHashUtils for bytes32;

    struct Update {
        bytes32 id;
        int64 price;
        uint64 conf;
        int32 expo;
        uint64 publishTime;
        uint64 prevPublishTime;
    }

    /// @notice Whose signature counts; zero = everybody's blob does.
    address public immutable publisher;
    /// @notice Wei for each blob.
    uint256 public immutable updateFee;
    /// @notice While true every read of a price reverts.
    bool public offline;

    mapping(bytes32 id => PythStructs.PriceFeed) private _feeds;

    error Offline();
    error Unsupported();

    constructor(address publisher_, uint256 updateFee_) {
        publisher = publisher_;
        updateFee = updateFee_;
    }

    function setOffline(bool offline_) external {
        offline = offline_;
    }

    function parsePriceFeedUpdates(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64 minPublishTime,
        uint64 maxPublishTime
    ) external payable override returns (PythStructs.PriceFeed[] memory feeds) {
        (feeds, ) = _parse(updateData, priceIds, minPublishTime, maxPublishTime, false, false);
    }

    function parsePriceFeedUpdatesUnique(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64 minPublishTime,
        uint64 maxPublishTime
    ) external payable override returns (PythStructs.PriceFeed[] memory feeds) {
        (feeds, ) = _parse(updateData, priceIds, minPublishTime, maxPublishTime, true, false);
    }

    function parsePriceFeedUpdatesWithConfig(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64 minAllowedPublishTime,
        uint64 maxAllowedPublishTime,
        bool checkUniqueness,
        bool,
        bool storeUpdatesIfFresh
    ) external payable returns (PythStructs.PriceFeed[] memory feeds, uint64[] memory slots) {
        return
            _parse(
                updateData,
                priceIds,
                minAllowedPublishTime,
                maxAllowedPublishTime,
                checkUniqueness,
                storeUpdatesIfFresh
            );
    }

    function parseTwapPriceFeedUpdates(
        bytes[] calldata,
        bytes32[] calldata
    ) external payable override returns (PythStructs.TwapPriceFeed[] memory) {
        revert Unsupported();
    }

    function getTwapUpdateFee(bytes[] calldata) external pure returns (uint256) {
        revert Unsupported();
    }

    function updatePriceFeeds(bytes[] calldata updateData) public payable override {
        _takeFee(updateData);
        for (uint256 i; i < updateData.length; ++i) _store(_decode(updateData[i]));
    }

    function getUpdateFee(bytes[] calldata updateData) public view override returns (uint256) {
        return updateFee * updateData.length;
    }

    function queryPriceFeed(bytes32 id) public view override returns (PythStructs.PriceFeed memory feed) {
        if (offline) revert Offline();
        feed = _feeds[id];
        if (feed.id == 0) revert PythErrors.PriceFeedNotFound();
    }

    function priceFeedExists(bytes32 id) public view override returns (bool) {
        return _feeds[id].id != 0;
    }

    function getValidTimePeriod() public pure override returns (uint256) {
        return 60 seconds;
    }

    function _parse(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64 earliest,
        uint64 latest,
        bool unique,
        bool store
    ) private returns (PythStructs.PriceFeed[] memory feeds, uint64[] memory slots) {
        _takeFee(updateData);
        feeds = new PythStructs.PriceFeed[](priceIds.length);
        slots = new uint64[](priceIds.length);
        for (uint256 i; i < updateData.length; ++i) {
            Update memory u = _decode(updateData[i]);
            if (store) _store(u);
            if (u.publishTime < earliest || u.publishTime > latest) continue;
            if (unique && u.prevPublishTime >= earliest) continue;
            for (uint256 j; j < priceIds.length; ++j) {
                if (priceIds[j] != u.id || feeds[j].id != 0) continue;
                (feeds[j], slots[j]) = (_toFeed(u), u.publishTime);
            }
        }
        for (uint256 j; j < priceIds.length; ++j) {
            if (feeds[j].id == 0) revert PythErrors.PriceFeedNotFoundWithinRange();
        }
    }

    function _takeFee(bytes[] calldata updateData) private view {
        if (msg.value < getUpdateFee(updateData)) revert PythErrors.InsufficientFee();
    }

    function _decode(bytes calldata blob) private view returns (Update memory update) {
        bytes memory signature;
        (update, signature) = abi.decode(blob, (Update, bytes));
        if (publisher == address(0)) return update;
        bytes32 digest = keccak256(abi.encode(update)).toEthSignedMessageHash();
        (address signer, ECDSA.RecoverError failure, ) = ECDSA.tryRecover(digest, signature);
        if (failure != ECDSA.RecoverError.NoError || signer != publisher) revert PythErrors.InvalidUpdateDataSource();
    }

    function _store(Update memory u) private {
        if (u.publishTime <= _feeds[u.id].price.publishTime) return;
        _feeds[u.id] = _toFeed(u);
        emit PriceFeedUpdate(u.id, u.publishTime, u.price, u.conf);
    }

    function _toFeed(Update memory u) private pure returns (PythStructs.PriceFeed memory feed) {
        feed.id = u.id;
        feed.price = PythStructs.Price(u.price, u.conf, u.expo, u.publishTime);
        feed.emaPrice = feed.price;
    }
}
