/* A Modbus TCP server on libmodbus: an independent peer for our client.
 *
 * Prints the port it listens on. Input registers hold the floats 0.5 to 4.5 in the
 * orders ABCD, CDAB, BADC and DCBA from 0, 10, 20 and 30 on; holding registers hold
 * 3 * address; coils are on where the address divides by 3. The orders are written out
 * here because libmodbus 3.1.6 means others by these names. Built with: cc FILE -lmodbus
 */
#include <arpa/inet.h>
#include <modbus/modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint16_t swapped(uint16_t word)
{
    return (uint16_t) (word << 8 | word >> 8);
}

static void set_float(uint16_t *registers, int n)
{
    float value = 0.5f + (float) n;
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    uint16_t high = (uint16_t) (bits >> 16), low = (uint16_t) bits;
    uint16_t orders[4][2] = {{high, low}, {low, high}, {swapped(high), swapped(low)}, {swapped(low), swapped(high)}};
    for (int order = 0; order < 4; order++)
        memcpy(registers + 10 * order + 2 * n, orders[order], sizeof orders[order]);
}

int main(void)
{
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(100, 100, 200, 100);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    int listener = modbus_tcp_listen(context, 4);

    if (map == NULL || listener < 0 || getsockname(listener, (struct sockaddr *) &name, &size) < 0)
        return 1;
    for (int i = 0; i < 5; i++)
        set_float(map->tab_input_registers, i);
    for (int i = 0; i < 200; i++)
        map->tab_registers[i] = 3 * i;
    for (int i = 0; i < 100; i++)
        map->tab_bits[i] = i % 3 == 0;
    printf("%d\n", ntohs(name.sin_port));
    fflush(stdout);
    for (;;) {
        if (modbus_tcp_accept(context, &listener) < 0)
            return 1;
        for (;;) {
            int length = modbus_receive(context, query);
            if (length < 0)
                break;
            if (length > 0)
                modbus_reply(context, query, length, map);
        }
        modbus_close(context);
    }
}
