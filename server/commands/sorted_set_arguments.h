// How arguments become scores and ranges of sorted sets, and elements replies.
#pragma once

#include <optional>
#include <string_view>

#include "server/command/context.h"
#include "server/types/sorted_set_builder.h"

namespace larder {

// A score or a weight: a number in Redis's strict form, infinities included.
std::optional<double> parse_score(std::string_view text);

// The ends of a range of scores: "1.5", "(1.5" without the number itself, "-inf". Read as strtod reads,
// which takes spaces in front of the number and an empty text for 0, as Redis does.
Result<ScoreRange> parse_score_range(std::string_view min, std::string_view max);
// The ends of a range of members: "[m", "(m" without m itself, "-" and "+". Keeps views of the texts.
Result<LexRange> parse_lex_range(std::string_view min, std::string_view max);
// Indexes as LRANGE counts them, below 0 from the end, in an order of `size` elements.
RankRange clamp_indexes(int64_t start, int64_t stop, size_t size);

// Writes members, with their scores if wanted. Scores make pairs, which RESP2 does not nest.
class MemberReply {
 public:
  MemberReply(Context& ctx, bool with_scores, size_t count)
      : reply_(ctx.reply), with_scores_(with_scores) {
    with_scores ? reply_.pairs(count) : reply_.array(count);
  }
  // Returns whether there is room for more: what the visits of a sorted set want to know.
  bool operator()(std::string_view member, double score) {
    if (with_scores_) reply_.pair();
    reply_.bulk(member);
    if (with_scores_) reply_.number(score);
    return !reply_.chain().overflowed();
  }

 private:
  ReplyWriter& reply_;
  bool with_scores_;
};

// Stores a result, which is put in order for it, under a key and answers its size. Nothing at all
// removes the key.
Status store_sorted_set(Context& ctx, const Key& key, SortedSetBuilder& result,
                        std::string_view event);

}  // namespace larder
