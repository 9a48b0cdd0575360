set(KALENDS_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_library(kalends_options INTERFACE)
target_include_directories(kalends_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(kalends_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
target_compile_definitions(kalends_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)

find_program(MOLD mold)
if(MOLD)
  target_link_options(kalends_options INTERFACE -fuse-ld=mold)
endif()

if(KALENDS_SANITIZE)
  target_compile_options(kalends_options INTERFACE -fsanitize=${KALENDS_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(kalends_options INTERFACE -fsanitize=${KALENDS_SANITIZE})
  if(KALENDS_SANITIZE MATCHES thread)
    # Asio's fences are invisible to ThreadSanitizer.
    target_compile_options(kalends_options INTERFACE -Wno-tsan)
    target_compile_definitions(kalends_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
