// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {DateTimeLib} from "solady/src/utils/DateTimeLib.sol";
import {SeriesId} from "./SeriesId.sol";

/// @title What an option series is called
/// @notice The words that a wallet shows and the names that the command line takes, both from the token id alone.
library SeriesName {
    uint256 private constant WAD = 1e18;
    bytes private constant MONTHS = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

    /// @notice Short: `ETH-09JAN26-3000-C`. Of a year outside 2000–2099 all digits are written.
    function symbol(uint256 id, string memory underlying) internal pure returns (string memory) {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        (uint256 year, uint256 month, uint256 day) = DateTimeLib.timestampToDate(expiry);
        return
            string.concat(
                underlying,
                "-",
                _twoDigits(day),
                _month(month),
                year >= 2000 && year < 2100 ? _twoDigits(year - 2000) : Strings.toString(year),
                "-",
                _decimal(strike),
                isCall ? "-C" : "-P"
            );
    }

    /// @notice Long: `ETH 3000 call, expires 2026-01-09 08:00:00 UTC`.
    function name(uint256 id, string memory underlying) internal pure returns (string memory) {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        return
            string.concat(
                underlying,
                " ",
                _decimal(strike),
                isCall ? " call" : " put",
                ", expires ",
                _time(expiry),
                " UTC"
            );
    }

    function _time(uint256 timestamp) private pure returns (string memory) {
        (uint256 year, uint256 month, uint256 day, uint256 hour, uint256 minute, uint256 second) = DateTimeLib
            .timestampToDateTime(timestamp);
        string memory date = string.concat(Strings.toString(year), "-", _twoDigits(month), "-", _twoDigits(day));
        return string.concat(date, " ", _twoDigits(hour), ":", _twoDigits(minute), ":", _twoDigits(second));
    }

    function _month(uint256 month) private pure returns (string memory) {
        bytes memory letters = new bytes(3);
        for (uint256 i; i < 3; ++i) letters[i] = MONTHS[(month - 1) * 3 + i];
        return string(letters);
    }

    function _twoDigits(uint256 n) private pure returns (string memory) {
        return n < 10 ? string.concat("0", Strings.toString(n)) : Strings.toString(n);
    }

    /// @dev A WAD number without superfluous zeros: 2500.5.
    function _decimal(uint256 wad) private pure returns (string memory) {
        uint256 fraction = wad % WAD;
        string memory whole = Strings.toString(wad / WAD);
        if (fraction == 0) return whole;
        uint256 digits = 18;
        while (fraction % 10 == 0) {
            fraction /= 10;
            --digits;
        }
        bytes memory tail = bytes(Strings.toString(fraction));
        bytes memory padded = new bytes(digits);
        for (uint256 i; i < digits; ++i) {
            padded[i] = i < digits - tail.length ? bytes1("0") : tail[i + tail.length - digits];
        }
        return string.concat(whole, ".", string(padded));
    }
}
