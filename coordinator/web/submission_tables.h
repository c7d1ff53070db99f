// What a submission's row says, as tables: scores, points, rules, devices, and how its answers differ from
// the evaluation before.
//
// Called by the submission's page and the API. Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_SUBMISSION_TABLES_H_
#define BONSAI_COORDINATOR_WEB_SUBMISSION_TABLES_H_

#include "bonsai/v1/report.pb.h"
#include "coordinator/web/table.h"

namespace bonsai {

Table ScoresTable(const v1::LeaderboardRow& row);
// Every floor of every metric, where there is more than the one that ScoresTable shows.
Table FloorsTable(const v1::LeaderboardRow& row);
Table PointsTable(const v1::LeaderboardRow& row);
Table RulesTable(const v1::LeaderboardRow& row);
Table DevicesTable(const v1::LeaderboardRow& row);
Table ComparisonsTable(const v1::LeaderboardRow& row);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_SUBMISSION_TABLES_H_
