// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ImpulseBand} from "../../libraries/ImpulseBand.sol";
import {RealisedVolatility} from "../../libraries/RealisedVolatility.sol";
import {Svi, SviSlice} from "../../libraries/Svi.sol";

// Each function beside an empty one of the same ABI: the difference of their gas is the library's alone. The book is in
// memory in both, so that its decoding does not count.

/* solhint-disable gas-calldata-parameters */

contract ImpulseBandBench {
    function run(ImpulseBand.Book memory book) external pure returns (uint256 outer, uint256 inner) {
        return ImpulseBand.ofBook(book);
    }
}

contract ImpulseBandBenchEmpty {
    function run(ImpulseBand.Book memory) external pure returns (uint256 outer, uint256 inner) {
        return (0, 0);
    }
}

contract RealisedVolatilityBench {
    function run(uint256 variance, uint256 previousPrice, uint256 price) external pure returns (uint256) {
        return RealisedVolatility.update(variance, previousPrice, price, RealisedVolatility.DECAY_10_DAYS);
    }
}

contract RealisedVolatilityBenchEmpty {
    function run(uint256, uint256, uint256) external pure returns (uint256) {
        return 0;
    }
}

contract SviBench {
    function run(SviSlice slice, int256 kQ96) external pure returns (uint256) {
        return Svi.volatility(slice, kQ96);
    }
}

contract SviBenchEmpty {
    function run(SviSlice, int256) external pure returns (uint256) {
        return 0;
    }
}
