// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {GasPriceOracle} from "../../contracts/oracles/GasPriceOracle.sol";
import {OracleTest} from "./OracleTest.sol";

contract GasPriceOracleTest is OracleTest {
    uint256 private constant MIN = 0.01 gwei;
    uint256 private constant MAX = 200 gwei;

    function setUp() public {
        VM.warp(1_800_000_000);
        VM.fee(10 gwei);
    }

    function testFuzz_Update_StaysBetweenAverageAndSample(uint64[8] memory fees, uint32[8] memory waits) public {
        GasPriceOracle oracle = new GasPriceOracle(MIN, MAX);
        uint256 sample = 10 gwei;
        for (uint256 i; i < fees.length; ++i) {
            VM.warp(block.timestamp + waits[i]);
            VM.fee(fees[i]);
            uint256 before = oracle.gasPrice();
            uint256 average = oracle.update();
            _require(average == oracle.gasPrice(), "tells another average than it stores");
            uint256 low = before < sample ? before : sample;
            uint256 high = before < sample ? sample : before;
            _require(average + 1 >= low && average <= high, "outside average and sample");
            _require(average >= MIN - 1 && average <= MAX, "outside the bounds");
            // No sample weighs more than half.
            _require(average <= (before + high) / 2 + 1 && average + 1 >= (before + low) / 2, "jumps");
            if (waits[i] != 0)
                sample =
                    fees[i] < MIN
                        ? MIN
                        : fees[i] > MAX
                            ? MAX
                            : fees[i];
        }
    }

    function testFuzz_Update_InTwoStepsIsTheSameAsInOne(uint64 sample, uint256 first, uint256 second) public {
        first = 1 + (first % 30 minutes);
        second = 1 + (second % 30 minutes);
        GasPriceOracle one = new GasPriceOracle(MIN, MAX);
        GasPriceOracle two = new GasPriceOracle(MIN, MAX);
        VM.warp(block.timestamp + 1);
        VM.fee(sample);
        one.update();
        two.update();
        VM.warp(block.timestamp + first);
        two.update();
        VM.warp(block.timestamp + second);
        uint256 direct = one.update();
        uint256 stepwise = two.update();
        _require(direct <= stepwise + 1 && stepwise <= direct + 1, "depends on who calls in between");
    }
}
