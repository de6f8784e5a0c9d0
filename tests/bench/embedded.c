/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a script costs in the process that has the sockets, as in the original: Python embedded in a loop
 * that receives OSC.
 *
 *   bench-embedded PORT OWN-PORT FOLDER MODULE FUNCTION
 *
 * A packet for /in calls the function of the script with its float; what the script puts out by
 * midimonster.output(NAME, VALUE) goes to OWN-PORT as /NAME. Nothing is checked that could be left out: it is
 * a floor. Says "ready", and ends with its parent.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "bench.h"

static int embedded_socket;
static struct sockaddr_in embedded_to;

static PyObject *embedded_output(PyObject *module, PyObject *const *arguments, Py_ssize_t n)
{
    unsigned char packet[BENCH_MAX_PACKET];
    char path[64] = "/";
    const char *name = n == 2 ? PyUnicode_AsUTF8(arguments[0]) : NULL;
    double value = n == 2 ? PyFloat_AsDouble(arguments[1]) : 0;
    size_t bytes;

    (void)module;
    if (!name || PyErr_Occurred())
        return NULL;
    strncat(path, name, sizeof(path) - 2);
    bytes = bench_packet(packet, path, (float)value);
    sendto(embedded_socket, packet, bytes, 0, (const struct sockaddr *)&embedded_to, sizeof(embedded_to));
    Py_RETURN_NONE;
}

static PyMethodDef embedded_methods[] = {{"output", (PyCFunction)(void (*)(void))embedded_output,
                                          METH_FASTCALL, NULL},
                                         {0}};
static struct PyModuleDef embedded_module = {PyModuleDef_HEAD_INIT, .m_name = "midimonster", .m_size = -1,
                                             .m_methods = embedded_methods};

static PyObject *embedded_init(void)
{
    return PyModule_Create(&embedded_module);
}

/* Imports the script. Returns its function, which the caller owns; ends the program if there is none. */
static PyObject *embedded_import(const char *folder, const char *module, const char *function)
{
    PyObject *path, *folder_object, *script, *handler;

    if (PyImport_AppendInittab("midimonster", embedded_init) < 0)
        errx(1, "no room for the module");
    Py_InitializeEx(0);
    path = PySys_GetObject("path"); /* borrowed */
    folder_object = PyUnicode_FromString(folder);
    if (!path || !folder_object || PyList_Insert(path, 0, folder_object) < 0)
        errx(1, "no path");
    Py_DECREF(folder_object);
    script = PyImport_ImportModule(module);
    handler = script ? PyObject_GetAttrString(script, function) : NULL;
    if (!handler) {
        PyErr_Print();
        exit(1);
    }
    return handler;
}

/* Reads the float of an OSC message for /in, as bench_packet() makes it. Returns false for anything else. */
static bool embedded_read(const unsigned char *packet, ssize_t n, double *value)
{
    uint32_t bits;
    float number;

    if (n != 12 || memcmp(packet, "/in\0,f\0", 8) != 0)
        return false;
    memcpy(&bits, packet + 8, sizeof(bits));
    bits = ntohl(bits);
    memcpy(&number, &bits, sizeof(number));
    *value = number;
    return true;
}

int main(int argc, char **argv)
{
    PyObject *handler;

    if (argc != 6)
        errx(64, "PORT OWN-PORT FOLDER MODULE FUNCTION");
    bench_end_with_parent();
    embedded_socket = bench_bind(bench_number(argv[1], UINT16_MAX));
    embedded_to = bench_address(bench_number(argv[2], UINT16_MAX));
    handler = embedded_import(argv[3], argv[4], argv[5]);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        unsigned char packet[BENCH_MAX_PACKET];
        double value;
        PyObject *argument, *result;

        if (!embedded_read(packet, recv(embedded_socket, packet, sizeof(packet), 0), &value))
            continue;
        argument = PyFloat_FromDouble(value);
        result = argument ? PyObject_CallOneArg(handler, argument) : NULL;
        if (!result)
            PyErr_Print();
        Py_XDECREF(argument);
        Py_XDECREF(result);
    }
}
