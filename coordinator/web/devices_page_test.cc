#include "coordinator/web/devices_page.h"

#include "coordinator/web/browser/gallery_rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

TEST(DevicesPageTest, ShowsTheStateOfEachDeviceAndWorker) {
  const std::string devices = TableCsv(AttachedDevicesTable(InventWorkers()));
  EXPECT_THAT(devices, HasSubstr("local,host,in use,p6/bench,w1,local,no,this machine\r\n"));
  EXPECT_THAT(devices, HasSubstr("qemu-riscv64,duo-64m,free,,w1,qemu-user,yes,"));
  EXPECT_THAT(devices, HasSubstr("phone-1,android-arm64,away,,w3,adb,no,a phone\r\n"));
  const std::string page = DevicesPage({}, InventWorkers());
  EXPECT_THAT(page, HasSubstr("3 of 8 free"));
  EXPECT_THAT(page, HasSubstr("GPU-1: an uncorrected memory error"));
  EXPECT_THAT(page, HasSubstr("new disk on Monday"));
  EXPECT_THAT(DevicesPage({}, {}), HasSubstr("No device is attached"));
}

}  // namespace
}  // namespace bonsai
